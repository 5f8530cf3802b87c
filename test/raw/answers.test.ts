import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openConnection } from './connection.js'
import { request } from './request.js'
import { openStages, type Stage } from './stage.js'

const json = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const length = 'content-length: 2\r\n\r\n{}'

/** What the upstream sends, and the status that every client of ours gets. Nothing that holds FAKE may reach one. */
const rows: readonly (readonly [name: string, bytes: string, status: number])[] = [
  [
    'trailers',
    `${json}trailer: x-leak\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-leak: FAKE\r\nset-cookie: a=FAKE\r\n\r\n`,
    200,
  ],
  ['chunk extensions', `${json}transfer-encoding: chunked\r\n\r\n2;a=FAKE\r\n{}\r\n0;b=FAKE\r\n\r\n`, 200],
  ['hop-by-hop headers', `${json}connection: keep-alive, x-a\r\nx-a: FAKE\r\nkeep-alive: FAKE\r\n${length}`, 200],
  ['cookies', `${json}set-cookie: a=FAKE\r\nset-cookie2: FAKE\r\n${length}`, 200],
  [
    'headers of its edge',
    `${json}server: FAKE\r\nvia: 1.1 FAKE\r\ncf-ray: FAKE\r\nalt-svc: h3="FAKE:443"\r\n${length}`,
    200,
  ],
  ['its account', `${json}anthropic-organization-id: FAKE\r\nanthropic-workspace-id: FAKE\r\n${length}`, 200],
  ['a request id of ours', `${json}x-prompt-train-request-id: FAKE\r\n${length}`, 200],
  [
    'a challenge',
    `HTTP/1.1 403 No\r\nwww-authenticate: Bearer realm="FAKE"\r\nproxy-authenticate: FAKE\r\n${length}`,
    403,
  ],
  ['a reason of its own', `HTTP/1.1 200 FAKE\r\ncontent-type: application/json\r\n${length}`, 200],
  [
    'a redirect',
    'HTTP/1.1 307 Temporary Redirect\r\nlocation: https://evil.example/FAKE\r\ncontent-length: 0\r\n\r\n',
    502,
  ],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: FAKE\r\n\r\nFAKE', 502],
]

describe('the upstream’s', () => {
  let stages: Stage[] = []
  beforeAll(async () => {
    stages = await openStages({ answer: (message) => rows[Number(/\?(\d+) /.exec(message)![1])]![1] })
  })
  afterAll(() => Promise.all(stages.map((stage) => stage.close())))

  it.each(rows.map((row, i) => [...row, i] as const))('%s', async (_name, _bytes, status, i) => {
    for (const stage of stages) {
      const connection = await openConnection(stage.port)
      connection.send(request({ target: `/v1/messages?${i}` }))
      const answers = await connection.answers(1)
      expect(
        answers.map((answer) => answer.status),
        stage.host,
      ).toEqual([status])
      expect(answers[0]!.headers.get('x-prompt-train-request-id'), stage.host).toMatch(/^[\da-f-]{36}$/)
      expect(connection.received(), stage.host).not.toContain('FAKE')
      expect(stage.takeReceived(), stage.host).toHaveLength(1)
    }
  })
})
