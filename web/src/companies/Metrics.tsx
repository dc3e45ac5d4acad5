/** Metrics. */
export default function Metrics() {
  return null;
}
