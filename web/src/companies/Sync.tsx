/** Sync. */
export default function Sync() {
  return null;
}
