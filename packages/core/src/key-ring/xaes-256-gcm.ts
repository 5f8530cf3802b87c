import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

const BLOCK_BYTES = 16
/** Bytes of the nonce that choose the message's key; the rest is the nonce of AES-GCM. */
const KEY_NONCE_BYTES = 12
export const NONCE_BYTES = 24
export const TAG_BYTES = 16

/** One message under XAES-256-GCM. */
export interface Message {
  readonly nonce: Uint8Array
  readonly additionalData: Uint8Array
  /** Plaintext for {@link encrypt}; ciphertext and tag for {@link decrypt}. */
  readonly content: Uint8Array
}

/**
 * Encrypts with XAES-256-GCM (C2SP, https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key that the first half of a
 * 192-bit nonce derives for this one message. Random nonces are safe for 2^80 messages a key, where AES-GCM alone must
 * stop at 2^32 (NIST SP 800-38D section 8.3).
 *
 * @returns the ciphertext and its 128-bit tag
 */
export function encrypt(key: KeyObject, { nonce, additionalData, content }: Message): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', deriveKey(key, nonce), nonce.subarray(KEY_NONCE_BYTES))
  cipher.setAAD(additionalData)
  return [cipher.update(content), cipher.final(), cipher.getAuthTag()]
}

/** Decrypts what {@link encrypt} gave; null where key, nonce, additional data or content is not the very same. */
export function decrypt(key: KeyObject, { nonce, additionalData, content }: Message): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(key, nonce), nonce.subarray(KEY_NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(additionalData)
  decipher.setAuthTag(content.subarray(-TAG_BYTES))
  const plaintext = decipher.update(content.subarray(0, -TAG_BYTES))
  try {
    decipher.final()
    return plaintext
  } catch {
    // The one thing that `final` of GCM throws for is a tag that does not fit.
    return null
  }
}

/** The key derivation of XAES: CMAC as the pseudo-random function in counter mode (NIST SP 800-108r1), two blocks. */
function deriveKey(key: KeyObject, nonce: Uint8Array): Buffer {
  const subkey = cmacSubkey(key)
  const blocks = Buffer.alloc(2 * BLOCK_BYTES)
  for (const [index, start] of [0, BLOCK_BYTES].entries()) {
    blocks.set([0, index + 1, 0x58, 0], start)
    blocks.set(nonce.subarray(0, KEY_NONCE_BYTES), start + 4)
    for (let i = 0; i < BLOCK_BYTES; i++) blocks[start + i]! ^= subkey[i]!
  }
  return encryptBlocks(key, blocks)
}

const subkeys = new WeakMap<KeyObject, Buffer>()

/** CMAC's subkey K1 (NIST SP 800-38B section 6.1), worked out once a key. */
function cmacSubkey(key: KeyObject): Buffer {
  let subkey = subkeys.get(key)
  if (subkey === undefined) {
    const block = encryptBlocks(key, Buffer.alloc(BLOCK_BYTES))
    subkey = Buffer.from(block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7)))
    if (block[0]! & 0x80) subkey[BLOCK_BYTES - 1]! ^= 0x87
    subkeys.set(key, subkey)
  }
  return subkey
}

function encryptBlocks(key: KeyObject, blocks: Buffer): Buffer {
  return createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(blocks)
}
