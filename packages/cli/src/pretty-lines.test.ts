import { expect, it } from 'vitest'
import { createPrettyLines } from './pretty-lines.js'

const exchange = {
  level: 30,
  time: '2026-11-24T14:25:03.145Z',
  requestId: '2c2a7c37-02d7-4ffc-b72a-9fdeb8da5bf2',
  domain: 'example.com',
  keyId: '5BoA4ERE',
  clientAddress: '127.0.0.1',
  method: 'POST',
  path: '/v1/messages',
  status: 200,
  durationMs: 15,
  model: 'claude-haiku-5-5',
  inputTokens: 10,
  outputTokens: 75,
  errorType: null,
  aborted: false,
  broken: false,
  msg: 'exchange',
}

function toPretty(entry: object): string {
  const lines: string[] = []
  createPrettyLines((line) => lines.push(line), { colorize: false })(`${JSON.stringify(entry)}\n`)
  return lines.join('').replace(/^\[[\d:]+\] /, '')
}

it('tells an exchange in one line', () => {
  expect(toPretty(exchange)).toBe(
    'INFO: POST /v1/messages 200 in 15 ms | claude-haiku-5-5 | 10 tokens in, 75 out | example.com, key 5BoA4ERE | ' +
      '127.0.0.1 | 2c2a7c37-02d7-4ffc-b72a-9fdeb8da5bf2\n',
  )
})

it('says of a refused request why, and leaves out what was never known', () => {
  const refused = { ...exchange, domain: null, keyId: null, model: null, inputTokens: null, outputTokens: null }
  expect(toPretty({ ...refused, status: 401, errorType: 'authentication_error', requestId: 'r' })).toBe(
    'INFO: POST /v1/messages 401 in 15 ms | authentication_error | 127.0.0.1 | r\n',
  )
})

it('says that a client left before there was a status', () => {
  expect(toPretty({ ...exchange, status: null, aborted: true })).toContain(
    'POST /v1/messages - in 15 ms | client left |',
  )
})

it('keeps the facts of every other line', () => {
  const line = toPretty({ level: 50, time: exchange.time, requestId: 'r', code: 'internal', msg: 'request failed' })
  expect(line).toBe('ERROR: request failed | r {"code":"internal"}\n')
})

it('shows no control characters of a client', () => {
  const line = toPretty({ ...exchange, model: 'a\u001b[2Jb\nc\u009bd\u202ee\u2028f' })
  expect(line).toContain(' | a?[2Jb?c?d?e?f | ')
})
