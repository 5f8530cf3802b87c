import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ProxyError } from './errors.js'
import {
  createLogger,
  type Logger,
  type LoggerOptions,
  maskingLogger,
  silentLogger,
  toLoggedError,
  unfailingLogger,
} from './logger.js'

function collect(level?: LoggerOptions['level']) {
  const lines: string[] = []
  const logger = createLogger({
    ...(level !== undefined && { level }),
    destination: { write: (line) => void lines.push(line) },
  })
  return { logger, lines }
}

describe('createLogger', () => {
  it('writes one JSON line an entry, with an ISO time and nothing of the machine', () => {
    const { logger, lines } = collect()
    logger.info({ a: 1 }, 'first')
    logger.error({ text: 'x\ny\r\u001b[2J' }, 'second')
    expect(lines).toHaveLength(2)
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1 && !/\p{Cc}/u.test(line.trimEnd()))).toBe(true)
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(first).toEqual({ level: 30, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), a: 1, msg: 'first' })
    expect(second).toMatchObject({ text: 'x\ny\r\u001b[2J', msg: 'second' })
  })

  it('writes the time of each line, of whatever second', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { logger, lines } = collect()
    const times = [
      '2026-01-01T00:00:00.000Z',
      '2026-01-01T00:00:00.009Z',
      '2026-01-01T00:00:01.010Z',
      '1999-12-31T23:59:59.999Z',
    ]
    for (const time of times) {
      vi.setSystemTime(time)
      logger.info({}, 'x')
    }
    expect(lines.map((line) => JSON.parse(line).time)).toEqual(times)
  })

  it('listens for the exit of the process once, however many loggers there are', () => {
    createLogger()
    const listeners = process.listenerCount('exit')
    createLogger()
    expect(process.listenerCount('exit')).toBe(listeners)
  })

  it('writes from its level up, info by default', () => {
    const byDefault = collect()
    const quiet = collect('error')
    for (const { logger } of [byDefault, quiet]) {
      logger.debug({}, 'd')
      logger.info({}, 'i')
      logger.warn({}, 'w')
      logger.error({}, 'e')
    }
    expect(byDefault.lines.map((line) => JSON.parse(line).msg)).toEqual(['i', 'w', 'e'])
    expect(quiet.lines.map((line) => JSON.parse(line).msg)).toEqual(['e'])
  })
})

describe('silentLogger', () => {
  it('takes everything', () => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      expect(silentLogger[level]({ a: 1 }, 'said')).toBeUndefined()
    }
  })
})

describe('maskingLogger and createLogger', () => {
  it('mask a line once', () => {
    const { logger } = collect()
    expect(maskingLogger(logger)).toBe(logger)
  })
})

describe('unfailingLogger', () => {
  it('passes on what is logged, and keeps what the logger throws', () => {
    const lines: unknown[] = []
    const log = (level: string) => (facts: object, message: string) => {
      lines.push([level, facts, message])
      throw new Error('disk full')
    }
    const host: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    const logger = unfailingLogger(host)
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({ level }, 'said')
    expect(lines).toEqual(['debug', 'info', 'warn', 'error'].map((level) => [level, { level }, 'said']))
  })
})

describe('toLoggedError', () => {
  it('tells name, code, masked message and the place of an error', () => {
    const error = Object.assign(new TypeError('refused sk-ant-FAKE-0000'), { code: 'ECONNRESET' })
    expect(toLoggedError(error)).toEqual({
      name: 'TypeError',
      code: 'ECONNRESET',
      message: 'refused sk-ant-****',
      at: expect.any(Array),
    })
    expect((toLoggedError(error) as { at: string[] }).at[0]).toContain('logger.test.ts')
  })

  it('tells the chain of causes instead of the place', () => {
    const error = new ProxyError('upstream_broken', { cause: new Error('outer', { cause: new RangeError('inner') }) })
    expect(toLoggedError(error)).toEqual({
      name: 'ProxyError',
      code: 'upstream_broken',
      message: error.message,
      cause: {
        name: 'Error',
        message: 'outer',
        cause: { name: 'RangeError', message: 'inner', at: expect.any(Array) },
      },
    })
  })

  it('tells of what is not an error only what kind of thing it is', () => {
    expect(toLoggedError('FAKE')).toEqual({ name: 'string' })
    expect(toLoggedError({ message: 'FAKE' })).toEqual({ name: 'object' })
    expect(toLoggedError(undefined)).toEqual({ name: 'undefined' })
    expect(toLoggedError(null)).toEqual({ name: 'object' })
    expect(toLoggedError(new Error('x', { cause: 'FAKE' }))).toEqual({
      name: 'Error',
      message: 'x',
      cause: { name: 'string' },
    })
  })

  it('writes a code as text', () => {
    expect(toLoggedError(Object.assign(new Error('x'), { code: 7 }))).toMatchObject({ code: '7' })
  })

  it('keeps at most ten lines of the stack', () => {
    const error = new Error('x')
    error.stack = `Error: x\n${'    at f (file.js:1:1)\n'.repeat(50)}`
    expect((toLoggedError(error) as { at: string[] }).at).toHaveLength(10)
    delete (error as { stack?: string }).stack
    expect(() => JSON.stringify(toLoggedError(error))).not.toThrow()
  })

  it('holds nothing of a secret in the message, nor of what foreign errors carry beside it', () => {
    const error = Object.assign(new Error('header x-api-key: sk-ant-FAKE'), {
      data: 'FAKE',
      input: 'FAKE',
      errors: [new Error('FAKE')],
      headers: { authorization: 'FAKE' },
    })
    expect(JSON.stringify(toLoggedError(error))).not.toContain('FAKE')
    const group = new AggregateError([new Error('FAKE')], 'several failed')
    expect(JSON.stringify(toLoggedError(new ProxyError('internal', { cause: group })))).not.toContain('FAKE')
  })

  it('holds nothing of what a parser quotes', () => {
    let thrown: unknown
    try {
      JSON.parse('{"api_key": FAKE')
    } catch (error) {
      thrown = error
    }
    expect(JSON.stringify(toLoggedError(thrown))).not.toContain('FAKE')
  })

  it('takes no line of a message for a place, even one that looks like a stack', () => {
    const error = new Error('x\n    at secretPlace (file.js:1:1)')
    expect((toLoggedError(error) as { at: string[] }).at[0]).toContain('logger.test.ts')
  })

  it('holds nothing of a secret in a message of several lines, even of one that looks like a stack', () => {
    const key = 'sk-ant-api03-FAKE0000'
    const part = fc.constantFrom('\n', '    at ', 'at ', ' ', 'Error: ', key, '\r\n', '(file.js:1:1)')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const error = new Error(parts.join(''))
        expect(JSON.stringify(toLoggedError(error))).not.toContain('FAKE')
      }),
    )
    expect(JSON.stringify(toLoggedError(new Error('x\n    at sk-ant-FAKE')))).not.toContain('FAKE')
  })

  it('comes to an end with causes that go round in a circle, or on and on', () => {
    const circle = new Error('x')
    circle.cause = new Error('y', { cause: circle })
    expect(() => JSON.stringify(toLoggedError(circle))).not.toThrow()
    let long = new Error('x')
    for (let i = 0; i < 50_000; i++) long = new Error('x', { cause: long })
    expect(() => JSON.stringify(toLoggedError(long))).not.toThrow()
  })
})

describe('createLogger, of secrets and control characters', () => {
  const lineOf = (facts: object, message = 'said') => {
    const { logger, lines } = collect()
    logger.info(facts, message)
    return lines[0]!
  }

  it('masks every text of a line, at any depth, and the message', () => {
    const line = lineOf(
      { a: { b: ['Bearer FAKE-1234'], password: 'FAKE-hunter2' }, url: 'postgres://u:FAKEpw1@h/d' },
      'token sk-ant-api03-FAKE00',
    )
    expect(line).not.toContain('FAKE')
    expect(JSON.parse(line)).toMatchObject({
      a: { b: ['Bearer ****'], password: '****' },
      url: 'postgres://u:****@h/d',
    })
  })

  it('stays one line of JSON, escaping what a terminal obeys', () => {
    const nasty = '\r\n\u001b[31m\u0085\u2028\u2029\u202e\u2066\u007f\u009b'
    const line = lineOf({ nasty }, nasty)
    expect(line.trimEnd()).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(line)).toMatchObject({ nasty, msg: nasty })
  })

  it('cuts every value to 1 KiB', () => {
    const line = lineOf({ deep: [{ long: 'x'.repeat(1_000_000) }] }, 'y'.repeat(1_000_000))
    expect(line.length).toBeLessThan(4096)
    expect(JSON.parse(line).deep[0].long).toBe(`${'x'.repeat(1024)}…`)
  })
})

describe('maskingLogger', () => {
  it('masks and cuts what a host logger is told, and leaves the given facts alone', () => {
    const told: unknown[][] = []
    const host = { debug: ignored, info: (...said: unknown[]) => void told.push(said), warn: ignored, error: ignored }
    const facts = { headers: { 'x-api-key': 'FAKE' }, long: 'x'.repeat(2000) }
    maskingLogger(host).info(facts, 'Bearer FAKE-1234')
    expect(told).toEqual([[{ headers: { 'x-api-key': '****' }, long: `${'x'.repeat(1024)}…` }, 'Bearer ****']])
    expect(facts.headers['x-api-key']).toBe('FAKE')
  })
})

function ignored(): void {}
