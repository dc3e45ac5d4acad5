/** Entries. */
export default function Entries() {
  return null;
}
