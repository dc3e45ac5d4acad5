/** CompanyMetrics. */
export default function CompanyMetrics() {
  return null;
}
