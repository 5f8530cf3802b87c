import { isWord } from './characters.js'
import { type Finding, MASK } from './finding.js'
import { aiKeys } from './vendor-keys-ai.js'
import { cloudKeys } from './vendor-keys-cloud.js'
import { codeKeys } from './vendor-keys-code.js'
import { serviceKeys } from './vendor-keys-services.js'

/**
 * One format of secret that is known by its prefix:
 * its name; the literal text that every key begins with and that its mask keeps; a regular expression of the rest, every
 * repetition bounded, so that time is linear in the text; who documents the format; the rest of an example key, in which
 * `{n}` stands for n letters and digits and `{hex:n}` for n hexadecimal digits.
 */
export type VendorKeyRow = readonly [name: string, prefix: string, rest: string, source: string, example: string]

/** Every format that is known by its prefix. */
export const vendorKeys: readonly VendorKeyRow[] = [...aiKeys, ...cloudKeys, ...codeKeys, ...serviceKeys]

interface Compiled {
  readonly prefix: string
  readonly rest: RegExp
}

const byStart = new Map<number, Compiled[]>()
const starts = new Uint8Array(1 << 15)

/** A number for the first three characters, letters in either case. */
const hashAt = (text: string, at: number): number =>
  ((text.charCodeAt(at) & 31) << 10) | ((text.charCodeAt(at + 1) & 31) << 5) | (text.charCodeAt(at + 2) & 31)

for (const [, prefix, rest] of vendorKeys) {
  const hash = hashAt(prefix, 0)
  starts[hash] = 1
  byStart.set(hash, [...(byStart.get(hash) ?? []), { prefix, rest: new RegExp(rest, 'y') }])
}

/** Whether a known key could begin at `at`: a cheap test that most places fail. */
export const mayStartKey = (text: string, at: number): boolean => starts[hashAt(text, at)] === 1

/** The key that begins at `at`, if one does. */
export function findVendorKey(text: string, at: number): Finding | null {
  for (const { prefix, rest } of byStart.get(hashAt(text, at)) ?? []) {
    if (!text.startsWith(prefix, at)) continue
    rest.lastIndex = at + prefix.length
    if (!rest.test(text)) continue
    const end = rest.lastIndex
    if (text.charCodeAt(end) === 42) continue
    return { start: at, end, mask: prefix.startsWith('sk-ant-') ? `sk-ant-${MASK}` : prefix + MASK, rest: endOfWord }
  }
  return null
}

/** How a value that begins with a known prefix is masked; null for any other. */
export function prefixMask(text: string, at: number): string | null {
  return mayStartKey(text, at) ? (findVendorKey(text, at)?.mask ?? null) : null
}

function endOfWord(text: string, from: number, to: number): number {
  let at = from
  while (at < to && (isWord(text.charCodeAt(at)) || (text.charCodeAt(at) === 46 && isWord(text.charCodeAt(at + 1)))))
    at++
  return at
}
