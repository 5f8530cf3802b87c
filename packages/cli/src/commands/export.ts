import { once } from 'node:events'
import { type ContentReader, createContentReader, type ExchangeRecord, KeyRingError } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { withDatabase } from '../database.js'
import { openKeyRing } from '../key-ring.js'
import { toIso } from '../times.js'
import { readPeriod } from '../usage-filter.js'

/** How often the progress is told. */
const PROGRESS_MS = 1000

/** `prompt-train export`: the exchanges of a domain, one JSON text a line. */
export async function run({ values }: Given): Promise<void> {
  // Whoever reads it may have seen enough: head, say.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
  const period = readPeriod(values, 'prompt-train export')
  await withDatabase(async ({ exchanges }, environment) => {
    const keyRing = openKeyRing(environment)
    const reader = keyRing && createContentReader(keyRing)
    let [lines, closed, toldAt] = [0, 0, Date.now()]
    for await (const record of exchanges.export({ domain: values.domain!, ...period })) {
      const { line, opened } = await toLine(record, reader)
      if (!process.stdout.write(line)) await once(process.stdout, 'drain')
      lines++
      if (!opened) closed++
      if (Date.now() - toldAt < PROGRESS_MS) continue
      toldAt = Date.now()
      process.stderr.write(`prompt-train: ${lines} exchanges …\n`)
    }
    process.stderr.write(`prompt-train: ${lines} exchanges exported\n`)
    if (closed === 0) return
    process.stderr.write(`prompt-train: bodies of ${closed} did not open: see contentError\n`)
    process.exitCode = 1
  })
}

/** One exchange as a line. Bodies that are JSON stand in it as they are, to the digit. */
async function toLine(
  { content, ...record }: ExchangeRecord,
  reader: ContentReader | null,
): Promise<{ readonly line: string; readonly opened: boolean }> {
  let [request, response, truncated, missingParts] = ['null', 'null', content?.truncated ?? false, 0]
  let contentError: string | null = null
  try {
    if (content !== null && reader === null) contentError = 'no_key_ring'
    const opened = await reader?.open({ ...record, content })
    if (opened != null) {
      ;[request, response] = [toJson(opened.request), toJson(opened.response)]
      ;({ truncated, missingParts } = opened)
    }
  } catch (error) {
    // One that was sealed with a lost key does not hold back the others.
    if (!(error instanceof KeyRingError)) throw error
    contentError = error.code
  }
  const facts = JSON.stringify({ ...record, startedAt: toIso(record.startedAt), truncated, missingParts, contentError })
  return {
    line: `${facts.slice(0, -1)},"request":${request},"response":${response}}\n`,
    opened: contentError === null,
  }
}

/** JSON as the value it is, other text as a string, bytes as `{ "base64" }`. */
function toJson(body: string | Uint8Array | null): string {
  if (body === null) return 'null'
  if (typeof body !== 'string') return JSON.stringify({ base64: Buffer.from(body).toString('base64') })
  try {
    JSON.parse(body)
    // Line breaks stand between tokens only: within strings JSON has them escaped.
    return body.replace(/[\r\n]+/g, ' ')
  } catch {
    return JSON.stringify(body)
  }
}
