/** RecoverPassword. */
export default function RecoverPassword() {
  return null;
}
