import { Scanner } from './scanner.js'

/**
 * Masks every secret in a text: keys and tokens of known form, bearer tokens, passwords in URLs, private keys, and what is
 * assigned to a name such as `password` or `x-api-key`, in plain, JSON, escaped, percent-encoded and coloured text.
 * Masking twice gives the same; valid JSON stays valid; time is linear in the length.
 */
export function maskText(text: string): string {
  const scanner = new Scanner()
  return scanner.push(text) + scanner.end()
}
