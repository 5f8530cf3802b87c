import { describe, expect, it } from 'vitest'
import type { Exchange } from '../exchange.js'
import { createLogger, type Logger } from '../logger.js'
import { logExchange } from './access-log.js'

const exchange: Exchange = {
  requestId: 'req-1',
  startedAt: 1_800_000_000_000,
  startedMonotonic: 5,
  method: 'POST',
  path: '/v1/messages?beta=true&key=cnp_live_FAKE',
  clientAddress: '203.0.113.9',
  domain: 'example.com',
  keyId: 'AAAAAAAA',
  notional: false,
  modelAsked: 'claude-asked',
  status: 200,
  errorType: null,
  failure: null,
  upstreamRequestId: 'req_011',
  answer: {
    model: 'claude-served',
    usage: {
      input_tokens: 5,
      output_tokens: 7,
      cache_read_input_tokens: 11,
      cache_creation_input_tokens: 13,
      other: 'FAKE',
    },
    stopReason: 'end_turn',
    errorType: null,
    empty: false,
    complete: true,
  },
  aborted: false,
  broken: false,
  firstByteMs: 12.7,
  durationMs: 1234.5,
  requestBytes: 0,
  answerBytes: 99,
}

function lineOf(change: Partial<Exchange> = {}): string {
  let written = ''
  const destination = {
    write(line: string) {
      written += line
    },
  }
  logExchange(createLogger({ destination }), { ...exchange, ...change })
  return written
}

const entryOf = (change: Partial<Exchange> = {}): Record<string, unknown> => JSON.parse(lineOf(change))

describe('logExchange', () => {
  it('writes the fields that scripts rely on, and what is known beside them', () => {
    expect(entryOf()).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      requestId: 'req-1',
      domain: 'example.com',
      keyId: 'AAAAAAAA',
      clientAddress: '203.0.113.9',
      method: 'POST',
      path: '/v1/messages',
      status: 200,
      durationMs: 1235,
      model: 'claude-served',
      inputTokens: 5,
      outputTokens: 7,
      cacheReadTokens: 11,
      cacheWriteTokens: 13,
      firstByteMs: 13,
      upstreamRequestId: 'req_011',
      msg: 'exchange',
    })
  })

  it('writes null for what scripts rely on and is not known, and leaves the rest out', () => {
    const nothing = {
      domain: null,
      keyId: null,
      clientAddress: null,
      status: null,
      notional: false,
      modelAsked: null,
      answer: null,
      upstreamRequestId: null,
      firstByteMs: null,
    }
    expect(entryOf(nothing)).toEqual({
      level: 30,
      time: expect.any(String),
      requestId: 'req-1',
      domain: null,
      keyId: null,
      clientAddress: null,
      method: 'POST',
      path: '/v1/messages',
      status: null,
      durationMs: 1235,
      model: null,
      inputTokens: null,
      outputTokens: null,
      msg: 'exchange',
    })
  })

  it('tells tokens of 0 from tokens not reported', () => {
    const usage = { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: null }
    const entry = entryOf({ answer: { ...exchange.answer!, usage } })
    expect(entry).toMatchObject({ inputTokens: 0, outputTokens: 0, cacheReadTokens: 0 })
    expect(entry).not.toHaveProperty('cacheWriteTokens')
  })

  it('says when an exchange failed, was left or broke off', () => {
    expect(entryOf({ errorType: 'overloaded_error', aborted: true, broken: true })).toMatchObject({
      errorType: 'overloaded_error',
      aborted: true,
      broken: true,
    })
  })

  it('names the model that served, else the one asked for', () => {
    expect(entryOf({ answer: { ...exchange.answer!, model: null } }).model).toBe('claude-asked')
    expect(entryOf({ answer: null }).model).toBe('claude-asked')
  })

  it('keeps the query and unknown usage out', () => {
    expect(lineOf()).not.toMatch(/FAKE|beta|\?/)
    expect(entryOf({ path: '/v1/models?' }).path).toBe('/v1/models')
    expect(entryOf({ path: '?FAKE' }).path).toBe('')
  })

  it('shows no secret that a client put into its path, not even where the path is cut', () => {
    for (const secret of [`cnp_live_FAKE${'a'.repeat(40)}`, `sk-ant-api03-FAKE${'a'.repeat(40)}`]) {
      expect(lineOf({ path: `/v1/${secret}` })).not.toContain('FAKE')
      expect(lineOf({ path: `/${'x'.repeat(1000)}/${secret}` })).not.toContain('FAKE')
    }
  })

  it('does not grow with the path or the model of a client', () => {
    const long = 'x'.repeat(1_000_000)
    expect(lineOf({ path: `/${long}`, modelAsked: long, answer: null }).length).toBeLessThan(4096)
    expect(lineOf({ answer: { ...exchange.answer!, model: long } }).length).toBeLessThan(4096)
  })

  it('does not grow with what an upstream calls its errors and requests', () => {
    const long = 'x'.repeat(100_000)
    expect(lineOf({ errorType: long, upstreamRequestId: long }).length).toBeLessThan(4096)
  })

  it('stays one line of plain fields, whatever a client put in', () => {
    const nasty = '/v1"}\n{"status":200,"domain":"forged\r\u001b[2J\0'
    expect(lineOf({ path: nasty, modelAsked: nasty, answer: null }).trimEnd()).not.toMatch(/\p{Cc}/u)
    expect(entryOf({ path: nasty })).toMatchObject({ path: nasty, domain: 'example.com' })
  })

  // @see threats T32: a terminal obeys these too, and node:http lets bytes above 0x7f into the target.
  it.each([
    ['CSI, as one character', '\u009b31m'],
    ['next line', '\u0085'],
    ['line separator', '\u2028'],
    ['paragraph separator', '\u2029'],
    ['right-to-left override', '\u202e'],
    ['isolate', '\u2066'],
    ['delete', '\u007f'],
  ])('escapes %s', (_name, text) => {
    const line = lineOf({ path: `/v1/${text}`, modelAsked: text, answer: null })
    expect(line).not.toContain(text)
    expect(JSON.parse(line).path).toBe(`/v1/${text}`)
  })

  it('writes it as an entry of level info', () => {
    const levels: string[] = []
    const logger = new Proxy({} as Logger, { get: (_, level) => () => levels.push(String(level)) })
    logExchange(logger, exchange)
    expect(levels).toEqual(['info'])
  })
})
