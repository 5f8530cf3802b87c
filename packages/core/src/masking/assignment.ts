import { findValue } from './assigned-value.js'
import { type AssignedName, readNameBefore } from './assignment-name.js'
import { ALPHANUMERIC, isBlank, isIn, NAME_VALUE } from './characters.js'
import { codeAt, endOfRun } from './codes.js'
import type { Finding, Memo } from './finding.js'
import { type Key, toKey } from './key-names.js'
import { openQuote, skipSpaces } from './quotes.js'
import type { Separator } from './separator.js'
import type { ValuePlace } from './value-place.js'
import { prefixMask } from './vendor-keys.js'

/** The value behind a separator, if the name before it says that it is a secret and it looks like one. */
export function findAssigned(text: string, separator: Separator, memo: Memo): Finding | null {
  const name = readNameBefore(text, separator.start)
  if (name === null) return null
  const key = toKey(name.name)
  if (key === null || (separator.kind === ',' && !name.quoted) || opensExpression(name.start)) return null
  const place: ValuePlace = { separator, key, name, memo }
  if (key.kind === 'pair') return findPaired(text, place) ?? findNamedElsewhere(text, place, name)
  if (separator.kind === '>' && !isElementName(text, name.start)) return null
  return findValue(text, place)
}

/** Whether `${` stands before the name. */
const opensExpression = (at: number): boolean => codeAt(at - 1) === 123 && codeAt(at - 2) === 36

/** Whether `<` or `<prefix:` stands before the name: other text ends in `name>` too. */
function isElementName(text: string, at: number): boolean {
  let start = at
  if (codeAt(at - 1) === 58) start = start - 1 - /\w{0,10}$/.exec(text.slice(Math.max(0, at - 11), at - 1))![0].length
  return codeAt(start - 1) === 60
}

/** From a name that is itself a value to the value that goes with it: `", "value": "`, `"/><value>`, YAML's `value:`. */
const TO_VALUE =
  /["'\\]{0,9}(?:<\/\w{1,12}>)?(?:\\{1,4}[nrt]|[\s,;/>]){0,40}["'\\<]{0,9}(?:value|Value|string)["'\\]{0,9}\s?([:=>])/y
/** The same in a multipart form: the empty line behind `name="password"`. */
const TO_FORM_FIELD = /["'\\]{1,9}(?:;[^\r\n\\]{0,80})?(?:\r?\n|\\r\\n|\\n){2}/y
const MAX_DISTANCE = 120

/** `"name": "DB_PASSWORD", "value": "…"`, also as XML attributes, elements and YAML. */
function findPaired(text: string, place: ValuePlace): Finding | null {
  const opened = skipSpaces(text, place.separator.end)
  const start = openQuote(text, opened)?.start ?? opened
  const end = endOfRun(start, start + 64, NAME_VALUE)
  if (end === start || !mayBeFollowed(end)) return null
  const key = toKey(text.slice(start, end))
  if (key === null || key.kind === 'pair') return null
  for (const pattern of [TO_VALUE, TO_FORM_FIELD]) {
    pattern.lastIndex = end
    const found = pattern.exec(text)
    if (found === null || found[0].length > MAX_DISTANCE) continue
    const kind = found[1] === '>' ? '>' : ':'
    const separator = { kind, start: end, end: pattern.lastIndex, encoded: false } as const
    return findValue(text, { separator, key, name: null, memo: place.memo })
  }
  return null
}

/** Whether no other word than `value` or `string` follows behind spaces. */
function mayBeFollowed(at: number): boolean {
  let next = at
  while (next < at + 40 && isBlank(codeAt(next))) next++
  const code = codeAt(next)
  return !isIn(code, ALPHANUMERIC) || (code | 32) === 118 || code === 115
}

const RANDOM_KEY: Key = { kind: 'opaque', specific: false }
/** `variable "db_password" {` of Terraform, whose value is its `default`. */
const TERRAFORM_VARIABLE = /\bvariable[ \t]{1,4}\\?"([\w-]{1,64})\\?"[ \t]{0,4}\{[^{}]*$/

/** `Using Key=…`, and the `default` of a variable. */
function findNamedElsewhere(text: string, { separator, memo }: ValuePlace, name: AssignedName): Finding | null {
  if (separator.kind !== '=') return null
  if (name.name.length === 3) {
    const isTight = !name.quoted && !name.spaced
    if (!isTight || memo.values.covers(separator.end) || name.name.toLowerCase() !== 'key') return null
    return prefixMask(text, separator.end) === null ? findValue(text, { separator, key: RANDOM_KEY, name, memo }) : null
  }
  if (name.name !== 'default') return null
  const before = text.slice(Math.max(0, name.start - 200), name.start)
  const variable = before.includes('variable') ? TERRAFORM_VARIABLE.exec(before) : null
  const key = variable === null ? null : toKey(variable[1]!)
  return key === null || key.kind === 'pair' ? null : findValue(text, { separator, key, name, memo })
}
