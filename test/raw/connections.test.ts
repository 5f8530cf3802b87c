import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openConnection } from './connection.js'
import { request } from './request.js'
import { describeRows } from './rows.js'
import { foreignKey, openStages, type Stage } from './stage.js'

const models = { method: 'GET', target: '/v1/models', framing: [], body: '' }

describeRows('requests in one go on a connection', [
  {
    name: 'are answered in order',
    bytes: request({ body: 'first' }) + request({ ...models, body: '' }) + request({ body: 'third' }),
    verdicts: ['forwarded', 'forwarded', 'forwarded'],
    upstream: [{ body: 'first' }, { line: 'GET /v1/models', body: null }, { body: 'third' }],
  },
  {
    name: 'are judged each by itself: a second without a key',
    bytes: request() + request({ credential: [] }),
    verdicts: ['forwarded', 'proxy 401'],
  },
  {
    name: 'are judged each by itself: a second to the account',
    bytes: request() + request({ ...models, target: '/v1/organizations/me' }),
    verdicts: ['forwarded', 'proxy 404'],
  },
  {
    name: 'are judged each by itself: a second with two tenants',
    bytes: request() + request({ headers: [`authorization: Bearer ${foreignKey}`] }),
    verdicts: ['forwarded', 'proxy 401'],
  },
  {
    name: 'go on behind a refusal',
    bytes: request({ credential: [], body: 'POST /v1/messages HTTP/1.1\r\n\r\n' }) + request(),
    verdicts: ['proxy 401', 'forwarded'],
  },
  {
    name: 'go on behind a refused chunked body',
    bytes:
      request({ target: '/v1/files', framing: ['transfer-encoding: chunked'], body: '2\r\n{}\r\n0\r\n\r\n' }) +
      request(),
    verdicts: ['proxy 404', 'forwarded'],
  },
  {
    name: 'end behind connection: close',
    bytes: request({ headers: ['connection: close'] }),
    verdicts: ['forwarded'],
    closes: true,
  },
])

describe('a connection', () => {
  let stages: Stage[] = []
  beforeAll(async () => {
    stages = await openStages()
  })
  afterAll(() => Promise.all(stages.map((stage) => stage.close())))

  const onEveryHost = (name: string, run: (stage: Stage) => Promise<void>) =>
    it(name, async () => {
      await Promise.all(stages.map((stage) => run(stage)))
    })

  onEveryHost('is asked for the body by 100 Continue, once', async (stage) => {
    const connection = await openConnection(stage.port)
    connection.send(request({ headers: ['expect: 100-continue'], framing: ['content-length: 4'], body: '' }))
    await connection.until('100 Continue', () => connection.received() === 'HTTP/1.1 100 Continue\r\n\r\n')
    expect(stage.takeReceived(), stage.host).toEqual([])
    connection.send('late')
    const [answer] = await connection.answers(1)
    expect(answer?.status, stage.host).toBe(200)
    const [message = '', ...more] = stage.takeReceived()
    expect(message.endsWith('\r\ncontent-length: 4\r\n\r\nlate'), stage.host).toBe(true)
    expect(message, stage.host).not.toMatch(/expect/i)
    expect(more).toEqual([])
  })

  onEveryHost('may bring a request byte by byte', async (stage) => {
    const connection = await openConnection(stage.port)
    for (const byte of request({ framing: ['transfer-encoding: chunked'], body: '2\r\n{}\r\n0\r\n\r\n' })) {
      connection.send(byte)
      // A turn of the event loop each, so that they are packets of their own.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(
      (await connection.answers(1)).map(({ status }) => status),
      stage.host,
    ).toEqual([200])
    const messages = stage.takeReceived()
    expect(messages, stage.host).toHaveLength(1)
    expect(messages[0]!.endsWith('\r\n\r\n{}'), stage.host).toBe(true)
  })

  onEveryHost('is closed on what is no request behind one, which is not taken for more of it', async (stage) => {
    const connection = await openConnection(stage.port)
    connection.send(request({ framing: ['content-length: 2'], body: '{}' }))
    await connection.answers(1)
    connection.send('{"more":1}\r\n\r\n')
    expect(
      (await connection.answers(2)).map(({ status }) => status),
      stage.host,
    ).toEqual([200, 400])
    await connection.closed()
    expect(stage.takeReceived(), stage.host).toHaveLength(1)
  })

  onEveryHost('that ends within a body takes nothing up', async (stage) => {
    const connection = await openConnection(stage.port)
    connection.send(request({ framing: ['content-length: 10'], body: 'half' }))
    connection.finish()
    await connection.closed()
    expect(connection.received(), stage.host).not.toContain(' 200 ')
    expect(stage.takeReceived(), stage.host).toEqual([])
  })

  onEveryHost('that ends within its chunks takes nothing up', async (stage) => {
    const connection = await openConnection(stage.port)
    connection.send(request({ framing: ['transfer-encoding: chunked'], body: '4\r\nhalf\r\n' }))
    connection.finish()
    await connection.closed()
    expect(connection.received(), stage.host).not.toContain(' 200 ')
    expect(stage.takeReceived(), stage.host).toEqual([])
  })
})
