/** Dividends. */
export default function Dividends() {
  return null;
}
