/** ConfirmEmail. */
export default function ConfirmEmail() {
  return null;
}
