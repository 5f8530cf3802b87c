import { createHmac, type KeyObject } from 'node:crypto'

const HASH_BYTES = 16
/** Each record holds some twenty of them. */
const LINK_BYTES = 12

/** Names the content of one domain: equal content has equal names, and without the key none can be tried out. */
export interface ContentHash {
  /** Names a document as the client sent it, in canonical form: for this process alone. */
  sent(canonical: string): string
  /** Names a document as it is stored. */
  document(stored: string): string
  /** Names a part by its document and by the documents that it is compressed over, so that these come with it. */
  part(document: string, before: readonly string[]): string
  /** Names a history by what it was before its last message, and that message's document. */
  point(before: string | null, document: string): string
  /** Names what links exchanges, for records: 16 characters of base64url. */
  link(kind: string, ...texts: readonly string[]): string
}

/** Creates the names for one domain: HMAC-SHA-256, cut to 128 bits, as 32 hex characters but for links. */
export function createContentHash(key: KeyObject, domain: string): ContentHash {
  const begin = (kind: string) => createHmac('sha256', key).update(JSON.stringify([kind, domain]))
  const hash = (kind: string, text: string) =>
    begin(kind)
      .update(text)
      .digest('hex')
      .slice(0, 2 * HASH_BYTES)
  return {
    sent: (canonical) => hash('sent', canonical),
    document: (stored) => hash('document', stored),
    part: (document, before) => (before.length === 0 ? document : hash('part', [document, ...before].join())),
    point: (before, document) => hash('node', `${before ?? ''}/${document}`),
    link(kind, ...texts) {
      const hmac = begin(`link ${kind}`)
      for (const text of texts) hmac.update(text)
      return hmac.digest().subarray(0, LINK_BYTES).toString('base64url')
    },
  }
}
