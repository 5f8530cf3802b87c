import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openConnection, type WireAnswer } from './connection.js'
import { request } from './request.js'
import { apiKey, openStages, type Stage } from './stage.js'

/**
 * What becomes of one message: it goes up, or is refused by us, or by the host before we see it, or with this status by
 * whichever of the two reads it first: Hono's server reads the URL and routes by it, Express by the bytes.
 */
export type Verdict = 'forwarded' | `${'proxy' | 'host' | 'either'} ${number}`

/** Exact bytes, and all that may follow from them, on every host alike. */
export interface Row {
  readonly name: string
  /** As latin1 text. */
  readonly bytes: string
  /** One for each answer, in order. None: the connection is closed without a word. */
  readonly verdicts: readonly Verdict[]
  /** Whether the server closes the connection behind the last answer. @default false */
  readonly closes?: boolean
  /** Each message that goes up. @default as {@link request} makes it, for each verdict "forwarded" */
  readonly upstream?: readonly UpstreamMessage[]
}

/** A message as the upstream must see it, beside what is the same for all. */
export interface UpstreamMessage {
  /** @default "POST /v1/messages" */
  readonly line?: string
  /** Header lines that crossed, in order. @default ["content-type: application/json"] */
  readonly headers?: readonly string[]
  /** Null where none is declared. @default "{}" */
  readonly body?: string | null
}

/** Runs each row on every host, which must agree, and sees to it that the upstream gets nothing else. */
export function describeRows(title: string, rows: readonly Row[], mountPath = ''): void {
  describe(title, () => {
    let stages: Stage[] = []
    beforeAll(async () => {
      stages = await openStages({ mountPath })
    })
    afterAll(async () => {
      await Promise.all(stages.map((stage) => stage.close()))
      for (const stage of stages) expect(stage.logged(), stage.host).not.toMatch(/FAKE|cnp_(live|test)_\w/)
    })

    it.each(rows)('$name', async (row) => {
      const seen = await Promise.all(stages.map((stage) => play(stage, row, mountPath)))
      const {
        verdicts,
        closes = false,
        upstream = verdicts.filter((verdict) => verdict === 'forwarded').map(() => ({})),
      } = row
      for (const [i, { host, authority }] of stages.entries()) {
        expect(seen[i], host).toEqual({
          verdicts: verdicts.map(toExpected),
          closes,
          upstream: upstream.map((message) => toUpstreamText(message, authority)),
        })
      }
    })
  })
}

/** Sends the row's bytes, then an ordinary request on a connection of its own, behind which nothing more can come up. */
async function play(stage: Stage, row: Row, mountPath: string) {
  const connection = await openConnection(stage.port)
  connection.send(row.bytes)
  const answers = await connection.answers(Math.max(row.verdicts.length, 1), {
    headOnly: row.bytes.startsWith('HEAD '),
  })
  const closes = answers.at(-1)?.headers.get('connection') !== 'keep-alive'
  if (closes) await connection.closed()
  const after = await openConnection(stage.port)
  after.send(request({ target: `${mountPath}/v1/messages`, body: 'after' }))
  expect((await after.answers(1)).map(toVerdict), 'the request after it').toEqual(['forwarded'])
  expect(connection.received()).not.toMatch(/FAKE|cnp_(live|test)_\w/)
  const upstream = stage.takeReceived()
  expect(upstream.pop(), 'the message after it').toBe(toUpstreamText({ body: 'after' }, stage.authority))
  return { verdicts: answers.map(toVerdict), closes, upstream }
}

/** What {@link toVerdict} may tell. */
function toExpected(verdict: Verdict): unknown {
  const [who, status] = verdict.split(' ')
  return who === 'either' ? expect.stringMatching(new RegExp(`^(?:proxy|host) ${status}$`)) : verdict
}

function toVerdict({ status, headers, body }: WireAnswer): Verdict {
  if (!headers.has('x-prompt-train-request-id')) return `host ${status}`
  if (status === 200) return 'forwarded'
  if (body !== '')
    expect(JSON.parse(body)).toEqual({
      type: 'error',
      error: { type: expect.stringMatching(/^\w+$/), message: expect.any(String) },
      request_id: headers.get('x-prompt-train-request-id'),
    })
  return `proxy ${status}`
}

/** The whole message: whatever else came up would show as a difference. */
function toUpstreamText(message: UpstreamMessage, authority: string): string {
  const { line = 'POST /v1/messages', headers = ['content-type: application/json'], body = '{}' } = message
  return [
    `${line} HTTP/1.1`,
    `host: ${authority}`,
    'connection: keep-alive',
    ...headers,
    'accept-encoding: identity',
    `x-api-key: ${apiKey}`,
    ...(body === null ? [] : [`content-length: ${body.length}`]),
    '',
    body ?? '',
  ].join('\r\n')
}
