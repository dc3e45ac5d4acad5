/** AuditEvents. */
export default function AuditEvents() {
  return null;
}
