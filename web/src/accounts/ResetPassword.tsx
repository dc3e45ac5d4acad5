/** ResetPassword. */
export default function ResetPassword() {
  return null;
}
