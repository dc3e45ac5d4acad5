/** Account. */
export default function Account() {
  return null;
}
