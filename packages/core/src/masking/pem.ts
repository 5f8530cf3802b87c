import { type Finding, MASK, type Rest } from './finding.js'

/** RFC 7468 private keys, OpenPGP secret keys, PuTTY's; on lines of their own or escaped in one. */
const HEADER = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----/y
const GAP = /(?:[\s"'`+,;]|\\{1,8}[nrt]|\\{1,8}["']|&#10;|%0[AaDd]|%20){0,256}/y
const LABELLED = /(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|Public-Lines|Private-Lines)\b[^\\\r\n]{0,120}/y
const BODY = /(?:[A-Za-z0-9+/=*]|%2[BbFf]|%3[Dd]|\\\/){1,1024}/y
const MAX_GAP = 256

/** The body of a private key whose armour begins at `at`. */
export function findPrivateKey(text: string, at: number): Finding | null {
  HEADER.lastIndex = at
  if (!HEADER.test(text)) return null
  const start = HEADER.lastIndex
  const end = step(text, start)
  if (end === start) return null
  const body = text.slice(start, end)
  if (/\.\.\.|\*{4}/.test(body) || !/[A-Za-z0-9+/]{12}/.test(body)) return null
  return { start, end, mask: MASK, rest: lines }
}

/** Past one gap and one line of the key; `at` itself where none follows. */
function step(text: string, at: number): number {
  GAP.lastIndex = at
  GAP.test(text)
  let next = Math.min(GAP.lastIndex, at + MAX_GAP)
  LABELLED.lastIndex = next
  if (LABELLED.test(text)) return LABELLED.lastIndex
  BODY.lastIndex = next
  if (!BODY.test(text)) return at
  next = BODY.lastIndex
  return next
}

const lines: Rest = (text, from, to) => {
  let at = from
  while (at < to) {
    const next = step(text, at)
    if (next === at) return at
    // What follows the key may be prose: a line of it is short and ends in no line end.
    const line = text.slice(at, next)
    if (!/[A-Za-z0-9+/=]{16}/.test(line) && !/^(?:\s|\\)*[A-Za-z0-9+/]{1,76}={0,2}$/.test(line)) return at
    at = next
  }
  return at
}
