import { ALPHANUMERIC, isIn, WORD } from './characters.js'
import { codeAt, isAt } from './codes.js'
import { type Finding, MASK, type Rest } from './finding.js'
import { GramTable } from './grams.js'
import type { VendorKeyRow } from './vendor-key-row.js'
import { aiKeys } from './vendor-keys-ai.js'
import { cloudKeys } from './vendor-keys-cloud.js'
import { codeKeys } from './vendor-keys-code.js'
import { officeKeys } from './vendor-keys-office.js'
import { serviceKeys } from './vendor-keys-services.js'

/** Every format that is known by its prefix. */
export const vendorKeys: readonly VendorKeyRow[] = [...aiKeys, ...cloudKeys, ...codeKeys, ...serviceKeys, ...officeKeys]

interface Compiled {
  readonly prefix: string
  readonly mask: string
  /** The code of its fourth character, 0 where it has none: many prefixes begin with the same three. */
  readonly fourth: number
  readonly rest: RegExp
  /** Whether the prefix could stand in base64 by chance. */
  readonly plain: boolean
}

/** Words that announce a secret and are looked for as the prefixes are. */
const ANNOUNCING = [
  'bearer',
  'basic',
  'password',
  'passwd',
  'passphrase',
  'identified',
  'token',
  'secret',
  'api',
  'atlasv1',
]

/** The first four characters of every prefix and announcing word. */
export const wordStarts = new GramTable([...vendorKeys.map(([, prefix]) => prefix), ...ANNOUNCING], 'start')
const prefixStarts = new GramTable(
  vendorKeys.map(([, prefix]) => prefix),
  'start',
)

/** A number for the first three characters at `at`, which every prefix has. */
const hashAt = (text: string, at: number): number =>
  ((text.charCodeAt(at) & 127) << 14) | ((text.charCodeAt(at + 1) & 127) << 7) | (text.charCodeAt(at + 2) & 127)

const byStart = new Map<number, Compiled[]>()
for (const [, prefix, rest] of vendorKeys) {
  const start = hashAt(prefix, 0)
  byStart.set(start, [
    ...(byStart.get(start) ?? []),
    {
      prefix,
      mask: prefix.startsWith('sk-ant-') ? `sk-ant-${MASK}` : prefix + MASK,
      fourth: prefix.length > 3 ? prefix.charCodeAt(3) : 0,
      rest: new RegExp(rest, 'y'),
      plain: /^[A-Za-z0-9]+$/.test(prefix) && !/^(?:AKIA|ASIA|AIza|eyJ)$/.test(prefix),
    },
  ])
}

/** The key that begins at `at`, if one does. */
export const findVendorKey = (text: string, at: number): Finding | null =>
  prefixStarts.has(codeAt(at), codeAt(at + 1), codeAt(at + 2), codeAt(at + 3)) ? readVendorKey(text, at) : null

/** The same of any text, not only of the one that is being scanned. */
export function readVendorKey(text: string, at: number): Finding | null {
  const candidates = byStart.get(hashAt(text, at))
  if (candidates === undefined) return null
  const fourth = text.charCodeAt(at + 3)
  for (const { prefix, mask, fourth: wanted, rest, plain } of candidates) {
    if ((wanted !== 0 && wanted !== fourth) || !text.startsWith(prefix, at) || (plain && isInsideBase64(text, at)))
      continue
    rest.lastIndex = at + prefix.length
    if (!rest.test(text)) continue
    const end = rest.lastIndex
    if (text.charCodeAt(end) === 42 || isFiller(text, at + prefix.length, end)) continue
    return { start: at, end, mask, rest: endOfWord }
  }
  return null
}

/** Base64 holds any letters, and `+` and `/` between them are no boundary. */
function isInsideBase64(text: string, at: number): boolean {
  if (at < 2) return false
  const before = text.charCodeAt(at - 1)
  return (before === 43 || before === 47) && isIn(text.charCodeAt(at - 2), ALPHANUMERIC)
}

const MAX_FILLER = 256
const FILLER = /[xX*#]{8}|^([xX0*.-])\1+$|(?:your|YOUR)[-_]|^[xX]+(?![A-Za-z0-9])/

/** `ghp_xxxxxxxx`: people write what stands for a key with its prefix, but not at any length. */
const isFiller = (text: string, from: number, end: number): boolean =>
  end - from <= MAX_FILLER && FILLER.test(text.slice(from, Math.min(end, from + 64)))

/** How a value that begins with a known prefix is masked; null for any other. */
export function prefixMask(text: string, at: number): string | null {
  return findVendorKey(text, at)?.mask ?? null
}

const endOfWord: Rest = (_text, from, to) => {
  let at = from
  while (at < to && (isAt(at, WORD) || (codeAt(at) === 46 && isAt(at + 1, WORD)))) at++
  return at
}
