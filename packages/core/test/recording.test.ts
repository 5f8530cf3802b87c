import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { idOf, openScene, read, type Scene, type SceneOptions, toEvents } from './support/recording-scene.js'

let scene: Scene
afterEach(() => scene.close())

const open = async (options: SceneOptions) => {
  scene = await openScene(options)
  return scene
}

const json = (status: number, body: unknown): SceneOptions['answer'] => {
  return async (response, request) => {
    await request.body
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

const REQUEST = {
  model: 'claude-a',
  max_tokens: 10,
  system: 'short',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hello', cache_control: { type: 'ephemeral' } }] }],
}

describe('an exchange is recorded', () => {
  it('with both bodies, a secret that was cut between two deltas masked', async () => {
    const secret = `sk-ant-api03-FAKE${'a'.repeat(80)}`
    const { post, recorded } = await open({
      answer: (response) =>
        response
          .writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_1' })
          .end(toEvents('the key is ', secret.slice(0, 20), secret.slice(20), '.')),
    })
    const answer = await post(JSON.stringify(REQUEST), { 'x-claude-code-session-id': 'session-1' })
    await read(answer)
    const { record, content } = await recorded(idOf(answer))
    expect(record).toMatchObject({
      domain: 'a.example',
      method: 'POST',
      path: '/v1/messages',
      status: 200,
      stream: true,
      modelAsked: 'claude-a',
      model: 'claude-b',
      upstreamRequestId: 'req_1',
      stopReason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 7 },
      sessionId: 'session-1',
      requestBytes: JSON.stringify(REQUEST).length,
      aborted: false,
      broken: false,
    })
    expect(JSON.parse(String(content?.request))).toEqual(REQUEST)
    const message = JSON.parse(String(content?.response))
    expect(message).toMatchObject({ role: 'assistant', stop_reason: 'end_turn' })
    expect(message.content[0].text).toMatch(/^the key is sk-ant-\*+\.$/)
    expect(JSON.stringify(content)).not.toContain('FAKE')
  })

  it('when it was refused here', async () => {
    const { post, recorded, upstream } = await open({ answer: json(200, {}) })
    const answer = await post('{}', {}, '/v1/unknown')
    await read(answer)
    const { record } = await recorded(idOf(answer))
    expect(record).toMatchObject({ status: 404, errorType: 'not_found_error', domain: null, content: null })
    expect(upstream.requests).toEqual([])
  })

  it('when the upstream refused it', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    const { post, recorded } = await open({ answer: json(529, error) })
    const answer = await post(JSON.stringify(REQUEST))
    await read(answer)
    const { record, content } = await recorded(idOf(answer))
    expect(record).toMatchObject({ status: 529, errorType: 'overloaded_error', modelAsked: 'claude-a' })
    expect(JSON.parse(String(content?.response))).toEqual(error)
  })

  it('when the client left, with what had come', async () => {
    const { post, recorded } = await open({
      answer: (response) =>
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .write(toEvents('half').split('event: content_block_stop')[0]),
    })
    const answer = await post(JSON.stringify(REQUEST))
    await new Promise((resolve) => answer.once('data', resolve))
    answer.destroy()
    const { record, content } = await recorded(idOf(answer))
    expect(record).toMatchObject({ status: 200, aborted: true, broken: false })
    expect(JSON.parse(String(content?.response))).toMatchObject({ content: [{ text: 'half' }], complete: false })
  })

  it('when the answer broke off', async () => {
    const { post, recorded } = await open({
      answer: (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(toEvents('half').slice(0, 300))
        setTimeout(() => response.destroy(), 50)
      },
    })
    const answer = await post(JSON.stringify(REQUEST))
    await read(answer)
    expect((await recorded(idOf(answer))).record).toMatchObject({ status: 200, broken: true, aborted: false })
  })

  it('with an answer that came compressed', async () => {
    const message = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'packed' }], id: 'msg_1' }
    const { post, recorded } = await open({
      answer: (response) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(JSON.stringify(message))),
    })
    const answer = await post(JSON.stringify(REQUEST))
    await read(answer)
    const { content } = await recorded(idOf(answer))
    expect(JSON.parse(String(content?.response))).toEqual(message)
  })

  it('without the answer that is a bomb, and says so', async () => {
    const { post, recorded } = await open({
      answer: (response) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(64 * 1024 * 1024))),
    })
    const answer = await post(JSON.stringify(REQUEST))
    await read(answer)
    expect((await recorded(idOf(answer))).content).toMatchObject({ response: null, truncated: true })
  })
})

describe('a body of any bytes is forwarded as it is, and stored', () => {
  const deep = `{"messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  it.each([
    ['NUL', '{"messages":[{"role":"user","content":"a\\u0000b"}]}'],
    ['raw NUL', Buffer.from([0x7b, 0, 0x7d])],
    ['a lone surrogate', '{"messages":[{"role":"user","content":"\\ud800"}]}'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x80, 0x22])],
    ['100,000 levels', deep],
    ['numbers beyond a double', '{"messages":[{"n":12345678901234567890,"e":1e400}]}'],
    ['nothing but text', 'this is no JSON'],
    ['8 MB', JSON.stringify({ messages: [{ role: 'user', content: 'x y z '.repeat(1_400_000) }] })],
  ])('%s', async (_name, body) => {
    const { post, recorded, upstream } = await open({ answer: json(200, { ok: true }) })
    const answer = await post(body)
    await read(answer)
    const { record, content } = await recorded(idOf(answer))
    const sent = Buffer.from(body)
    expect(sent.equals(await upstream.requests[0]!.body)).toBe(true)
    expect(record.requestBytes).toBe(sent.length)
    expect(content?.truncated).toBe(false)
    const stored = Buffer.from(content!.request!)
    if (!stored.equals(sent)) expect(JSON.parse(String(stored))).toEqual(JSON.parse(String(sent)))
  })

  it('is cut with a flag beyond the limit', async () => {
    const { post, recorded } = await open({ answer: json(200, { ok: true }), record: { maxBodyBytes: 1000 } })
    const answer = await post(JSON.stringify({ ...REQUEST, padding: 'x'.repeat(2000) }))
    await read(answer)
    expect((await recorded(idOf(answer))).content).toMatchObject({ truncated: true, response: '{"ok":true}' })
  })
})
