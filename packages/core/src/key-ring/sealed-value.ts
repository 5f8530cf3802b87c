import { KeyRingError } from '../errors.js'
import { NONCE_BYTES, TAG_BYTES } from './xaes-256-gcm.js'

const VERSION = 1
export const RING_KEY_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/
/** Key management services give 100 to 600 bytes for a wrapped data key. */
export const MAX_WRAPPED_KEY_BYTES = 4096

/** What a sealed value says of its key, readable without opening it. */
export interface SealedHeader {
  readonly ringKeyId: string
  /** The data key as the key management service wrapped it; empty where the ring's key is a local one. */
  readonly wrappedKey: Uint8Array
}

/** A sealed value taken apart: header, nonce (24 bytes), ciphertext and tag (16 bytes), one after the other. */
export interface SealedValue extends SealedHeader {
  /** The header's own bytes, which the tag covers. */
  readonly header: Uint8Array
  readonly nonce: Uint8Array
  readonly content: Uint8Array
}

/** The header as bytes: version, length and text of the ring key id, length (16 bits) and bytes of the wrapped key. */
export function toHeaderBytes({ ringKeyId, wrappedKey }: SealedHeader): Buffer {
  const id = Buffer.from(ringKeyId, 'ascii')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(wrappedKey.length)
  return Buffer.concat([Buffer.of(VERSION, id.length), id, length, wrappedKey])
}

/**
 * Takes a sealed value apart; `what` names it in the error.
 *
 * @throws KeyRingError `malformed` for what no version of this library sealed, or only a part of it
 */
export function parseSealedValue(sealed: Uint8Array, what: string): SealedValue {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
  const idEnd = 2 + (bytes[1] ?? 0)
  const keyStart = idEnd + 2
  const ringKeyId = bytes.toString('latin1', 2, idEnd)
  const isWhole = bytes[0] === VERSION && bytes.length >= keyStart && RING_KEY_ID.test(ringKeyId)
  const headerEnd = isWhole ? keyStart + bytes.readUInt16BE(idEnd) : Infinity
  if (bytes.length < headerEnd + NONCE_BYTES + TAG_BYTES) {
    throw new KeyRingError('malformed', `The ${what} is cut off, or was never sealed by this version.`)
  }
  return {
    ringKeyId,
    wrappedKey: bytes.subarray(keyStart, headerEnd),
    header: bytes.subarray(0, headerEnd),
    nonce: bytes.subarray(headerEnd, headerEnd + NONCE_BYTES),
    content: bytes.subarray(headerEnd + NONCE_BYTES),
  }
}
