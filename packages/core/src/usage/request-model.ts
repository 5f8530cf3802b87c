import type { Readable } from 'node:stream'
import { toStringOrNull } from './facts.js'
import { JsonScanner } from './json-scanner.js'

const KEYS = JsonScanner.keys(['model'])

/** The model that a request's body names, where the body was kept. Looked up only after the answer is done. */
export function findModel(body: Buffer | Readable | null): string | null {
  if (!Buffer.isBuffer(body)) return null
  const scanner = new JsonScanner(KEYS)
  scanner.push(body)
  return toStringOrNull(scanner.members.get('model'))
}
