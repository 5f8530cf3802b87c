import { Dispatcher, getGlobalDispatcher } from 'undici'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ScriptedTokenServer, type TokenScript } from '../testing/scripted-token-server.js'
import { createTokenEndpoint, isTrustedTokenUrl } from './token-endpoint.js'

const URL_TEXT = 'https://api.anthropic.com/v1/oauth/token'

function ask(script: TokenScript, heldAt?: number) {
  const server = new ScriptedTokenServer()
  server.script.push(script)
  const endpoint = createTokenEndpoint(new URL(URL_TEXT), server)
  return { server, answer: endpoint.ask({ grant_type: 'x' }, 'beta', heldAt) }
}

describe('createTokenEndpoint', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('gives status, Retry-After and body', async () => {
    const { answer } = ask({ status: 429, headers: { 'retry-after': '7' }, body: 'no' })
    expect(await answer).toEqual({ kind: 'answer', status: 429, retryAfter: '7', body: 'no' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    [65_536, 'answer'],
    [65_537, 'none'],
  ])('reads %i bytes of a success: %s', async (size, kind) => {
    expect((await ask({ status: 200, body: 'x'.repeat(size) }).answer).kind).toBe(kind)
  })

  it('knows an error by its status, however long its page', async () => {
    const answer = await ask({ status: 503, body: 'x'.repeat(1_000_000) }).answer
    expect(answer).toMatchObject({ kind: 'answer', status: 503 })
    expect(answer.kind === 'answer' && answer.body.length).toBeLessThanOrEqual(65_536)
  })

  it('waits 30 seconds', async () => {
    const { answer } = ask('hang')
    const seen = vi.fn()
    void answer.then(seen)
    await vi.advanceTimersByTimeAsync(29_999)
    expect(seen).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(seen).toHaveBeenCalledWith({ kind: 'none', reason: 'slow' })
  })

  it('tells a request that never went out from one that broke', async () => {
    expect(await ask({ unreachable: 'ECONNREFUSED' }).answer).toEqual({ kind: 'none', reason: 'unreachable' })
    expect(await ask({ broken: 'ECONNRESET' }).answer).toEqual({ kind: 'none', reason: 'broken' })
  })

  it('sends nothing after a standstill', async () => {
    const { server, answer } = ask({ status: 200 }, performance.now() - 3001)
    expect(await answer).toEqual({ kind: 'none', reason: 'unsent' })
    expect(server.asked).toEqual([])
  })

  it('takes a dispatcher that throws for an endpoint that cannot be reached', async () => {
    class Broken extends Dispatcher {
      override dispatch(): boolean {
        throw new Error('FAKE')
      }
    }
    const answer = createTokenEndpoint(new URL(URL_TEXT), new Broken()).ask({}, 'beta')
    expect(await answer).toEqual({ kind: 'none', reason: 'unreachable' })
  })

  it('does not close a dispatcher that it was given', async () => {
    const destroy = vi.spyOn(getGlobalDispatcher(), 'destroy')
    await createTokenEndpoint(new URL(URL_TEXT), getGlobalDispatcher()).close()
    expect(destroy).not.toHaveBeenCalled()
  })
})

describe('isTrustedTokenUrl', () => {
  it.each([
    [URL_TEXT, true],
    ['https://platform.claude.com/v1/oauth/token', true],
    ['https://console.anthropic.com/v1/oauth/token', true],
    ['http://127.0.0.1:9/v1/oauth/token', true],
    ['http://api.anthropic.com/v1/oauth/token', false],
    ['https://api.anthropic.com:8443/v1/oauth/token', false],
    ['https://api.anthropic.com.evil.example/v1/oauth/token', false],
    ['https://gateway.example/v1/oauth/token', false],
  ])('%s: %s', (text, trusted) => {
    expect(isTrustedTokenUrl(new URL(text))).toBe(trusted)
  })
})
