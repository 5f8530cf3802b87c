import type { ExchangeRecord, StoredContent } from '@agent-prompt-train/core'

/** A line of JSON for each record, its bytes in base64. */
export function toText(records: readonly ExchangeRecord[]): string {
  return records.map((record) => `${JSON.stringify({ ...record, content: toStored(record.content) })}\n`).join('')
}

/** What {@link toText} was given. */
export function fromText(text: string): ExchangeRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map((stored) => ({ ...stored, content: fromStored(stored.content) }))
}

/** The records without the runs and parts that an earlier one brings: `export` gives each its whole history. */
export function withoutRepeats(records: readonly ExchangeRecord[]): ExchangeRecord[] {
  const seen = new Set<string>()
  const isNew = (domain: string | null, id: string) => {
    const key = `${domain} ${id}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
  return records.map((record) => {
    const { domain, content } = record
    if (content === null) return record
    const runs = content.runs.filter(({ id }) => isNew(domain, `run ${id}`))
    const parts = content.parts.filter(({ hash }) => isNew(domain, `part ${hash}`))
    return { ...record, content: { ...content, runs, parts } }
  })
}

type Stored = Omit<StoredContent, 'request' | 'parts' | 'answer'> & {
  readonly request: string | null
  readonly parts: readonly { readonly hash: string; readonly sealed: string }[]
  readonly answer: string | null
}

function toStored(content: StoredContent | null): Stored | null {
  if (content === null) return null
  const { request, parts, answer } = content
  return {
    ...content,
    request: toBase64(request),
    parts: parts.map(({ hash, sealed }) => ({ hash, sealed: toBase64(sealed) })),
    answer: toBase64(answer),
  }
}

function fromStored(content: Stored | null): StoredContent | null {
  if (content === null) return null
  const { request, parts, answer } = content
  return {
    ...content,
    request: fromBase64(request),
    parts: parts.map(({ hash, sealed }) => ({ hash, sealed: fromBase64(sealed) })),
    answer: fromBase64(answer),
  }
}

function toBase64<Bytes extends Uint8Array | null>(bytes: Bytes): Bytes extends null ? null : string
function toBase64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64')
}

function fromBase64<Text extends string | null>(text: Text): Text extends null ? null : Buffer
function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
