/** Ratios. */
export default function Ratios() {
  return null;
}
