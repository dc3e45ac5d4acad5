/** Users. */
export default function Users() {
  return null;
}
