/**
 * Writes a parsed JSON value in its canonical form (RFC 8785, JSON Canonicalization Scheme): equal values give equal
 * texts whatever the order of their members was. Lone surrogates, which the RFC forbids, are written as escapes.
 */
export function toCanonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`
  const members = value as Record<string, unknown>
  const names = Object.keys(members).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${toCanonicalJson(members[name])}`).join(',')}}`
}
