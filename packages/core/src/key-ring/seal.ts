import { randomBytes } from 'node:crypto'
import type { DataKey } from './data-keys.js'
import { toHeaderBytes } from './sealed-value.js'
import { encrypt, NONCE_BYTES } from './xaes-256-gcm.js'

/** What a sealed value is and whose: it opens as nothing else. */
export interface SealContext {
  /** The kind of thing, such as `credential`. */
  readonly purpose: string
  /** Which one: the domain, or the record's id. */
  readonly id: string
}

/** A key that seals, with what is written before what it sealed. It can be passed to another thread. */
export interface SealingKey extends DataKey {
  readonly ringKeyId: string
}

/** Seals at once with a key that is at hand: what {@link Sealer.seal} does with the ring's current one. */
export function sealWith(sealingKey: SealingKey, plaintext: Uint8Array, context: SealContext): Buffer {
  const header = toHeaderBytes(sealingKey)
  const nonce = randomBytes(NONCE_BYTES)
  const additionalData = toAdditionalData(header, context)
  return Buffer.concat([header, nonce, ...encrypt(sealingKey.key, { nonce, additionalData, content: plaintext })])
}

/** Each part with its length before it, in UTF-16: UTF-8 would fold lone surrogates into one character. */
export function toAdditionalData(header: Uint8Array, { purpose, id }: SealContext): Buffer {
  const parts = [header, Buffer.from(purpose, 'utf16le'), Buffer.from(id, 'utf16le')]
  return Buffer.concat(parts.flatMap((part) => [toLength(part), part]))
}

function toLength({ length }: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}
