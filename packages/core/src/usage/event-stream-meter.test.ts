import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnswerFacts } from '../exchange.js'
import { EventStreamMeter } from './event-stream-meter.js'

const START_USAGE = {
  input_tokens: 412,
  cache_creation_input_tokens: 1500,
  cache_read_input_tokens: 9000,
  cache_creation: { ephemeral_5m_input_tokens: 1200, ephemeral_1h_input_tokens: 300 },
  output_tokens: 1,
  service_tier: 'standard',
  inference_geo: 'global',
  speed: 'standard',
}
const END_USAGE = {
  input_tokens: 5210,
  cache_creation_input_tokens: 1500,
  cache_read_input_tokens: 9000,
  output_tokens: 188,
  output_tokens_details: { thinking_tokens: 40 },
  server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
}

function event(data: { type: string; [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

function start(usage: object = START_USAGE): string {
  return event({ type: 'message_start', message: { id: 'msg_01A', model: 'claude-opus-5-5', content: [], usage } })
}

function delta(delta: object): string {
  return event({ type: 'content_block_delta', index: 0, delta })
}

function end(usage: object = END_USAGE, stopReason: string | null = 'tool_use'): string {
  return event({ type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage })
}

const PING = event({ type: 'ping' })
const STOP = event({ type: 'message_stop' })
const OVERLOADED = event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })

const TRANSCRIPT = [
  start(),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }),
  delta({ type: 'thinking_delta', thinking: 'Need a look-up. Ünïcödé €😀' }),
  delta({ type: 'signature_delta', signature: 'EqQB' }),
  event({ type: 'content_block_stop', index: 0 }),
  PING,
  delta({ type: 'input_json_delta', partial_json: '{"usage":{"input_tokens":666}}' }),
  delta({ type: 'text_delta', text: 'High tide.\n\ndata: {"type":"message_stop"}\n\n' }),
  end(),
  STOP,
].join('')
const TRANSCRIPT_FACTS: AnswerFacts = {
  model: 'claude-opus-5-5',
  usage: { ...START_USAGE, ...END_USAGE },
  stopReason: 'tool_use',
  errorType: null,
  empty: false,
  complete: true,
}

function meter(...chunks: (string | Buffer)[]): AnswerFacts {
  const meter = new EventStreamMeter()
  for (const chunk of chunks) meter.push(Buffer.from(chunk))
  return meter.facts()
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('EventStreamMeter, lines ending in %s', (_name, lineEnd) => {
  const bytes = Buffer.from(TRANSCRIPT.replaceAll('\n', lineEnd))

  it('reads the transcript in one piece', () => {
    expect(meter(bytes)).toEqual(TRANSCRIPT_FACTS)
  })

  it('reads the same when cut once, at every byte', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(meter(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toEqual(TRANSCRIPT_FACTS)
    }
  })

  it('reads the same one byte at a time, and with empty chunks', () => {
    expect(meter(...Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(TRANSCRIPT_FACTS)
    expect(meter('', bytes, '')).toEqual(TRANSCRIPT_FACTS)
  })

  it('reads the same from any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { minLength: 2, maxLength: 40 }), (cuts) => {
        expect(meter(...cutAt(bytes, cuts))).toEqual(TRANSCRIPT_FACTS)
      }),
      { numRuns: 300 },
    )
  })

  it('joins the data lines of one event', () => {
    const lines = [
      [
        'event: message_start',
        'data: {"type":"message_start",',
        ': a comment',
        'data:"message":{"model":"m",',
        'id: 1',
      ],
      ['data: "usage":{"input_tokens":3}}}', ''],
      ['event: message_stop', 'data:', 'data: {"type":', 'data: "message_stop"}', '', ''],
    ].flat()
    const bytes = Buffer.from(lines.join(lineEnd))
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(meter(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toMatchObject({
        model: 'm',
        usage: { input_tokens: 3 },
        empty: false,
        complete: true,
      })
    }
  })
})

describe('EventStreamMeter', () => {
  it('tells whether a refusal came before any content', () => {
    const block = event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
    const refused = end({ output_tokens: 4 }, 'refusal')
    expect(meter(start(), PING, refused, STOP)).toMatchObject({ stopReason: 'refusal', empty: true })
    expect(meter(start() + block, delta({ type: 'text_delta', text: 'I' }), refused + STOP)).toMatchObject({
      stopReason: 'refusal',
      empty: false,
    })
  })

  it('knows nothing of an empty stream, and does not call it complete', () => {
    expect(meter()).toEqual({
      model: null,
      usage: null,
      stopReason: null,
      empty: false,
      errorType: null,
      complete: false,
    })
  })

  it('reads any sequence of events from any chunks', () => {
    const usage = fc.dictionary(
      fc.constantFrom('input_tokens', 'output_tokens', 'cache_read_input_tokens', 'server_tool_use', 'new_field'),
      fc.option(fc.oneof(fc.nat(), fc.constant({ web_search_requests: 1 }))),
    )
    const noise = fc.oneof(
      fc.constantFrom(PING, ': comment\n\n', 'event: new_event\ndata: {"type":"new_event","usage":[]}\n\n', ':\n\n'),
      fc.string({ unit: 'binary' }).map((text) => delta({ type: 'text_delta', text })),
      fc.constantFrom('"usage"', '"message_stop"', '\n\n', '{"type":"error"}').map((text) => delta({ text })),
    )
    const between = fc.array(noise, { maxLength: 4 }).map((events) => events.join(''))
    fc.assert(
      fc.property(
        fc.tuple(usage, usage, usage),
        fc.tuple(between, between, between, between),
        fc.array(fc.nat({ max: 4000 }), { maxLength: 12 }),
        ([first, second, third], [a, b, c, d], cuts) => {
          const text = a + start(first) + b + end(second, null) + c + end(third, 'end_turn') + d + STOP
          expect(meter(...cutAt(Buffer.from(text), cuts))).toEqual({
            model: 'claude-opus-5-5',
            usage: { ...withoutNulls(first), ...withoutNulls(second), ...withoutNulls(third) },
            stopReason: 'end_turn',
            errorType: null,
            empty: !text.includes('content_block'),
            complete: true,
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes cumulative usage as it stands and keeps what a later event leaves null', () => {
    const grown = { input_tokens: 10_682, cache_read_input_tokens: null, output_tokens: 510 }
    expect(meter(start(), end({ output_tokens: 9 }, null), end(grown, 'end_turn'), STOP)).toMatchObject({
      usage: { ...START_USAGE, input_tokens: 10_682, output_tokens: 510 },
      stopReason: 'end_turn',
    })
  })

  it('keeps a stop reason that a later delta leaves null', () => {
    expect(meter(start(), end(END_USAGE, 'pause_turn'), end(END_USAGE, null))).toMatchObject({
      stopReason: 'pause_turn',
    })
  })

  it('keeps iterations and fields it does not know as received', () => {
    const iterations = [
      { type: 'message', model: null, input_tokens: 5, output_tokens: 2 },
      { type: 'advisor_message', model: 'claude-fable-5', output_tokens: 7 },
    ]
    expect(meter(start(), end({ output_tokens: 1, iterations, fallback_credit: { x: 1 } })).usage).toMatchObject({
      iterations,
      fallback_credit: { x: 1 },
    })
  })

  it('reads an error that ends the stream, in every cut', () => {
    const bytes = Buffer.from(start() + PING + OVERLOADED)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(meter(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toEqual({
        model: 'claude-opus-5-5',
        usage: START_USAGE,
        stopReason: null,
        errorType: 'overloaded_error',
        empty: false,
        complete: false,
      })
    }
  })

  it('does not call a stream without message_stop complete, nor one that breaks off within it', () => {
    expect(meter(start(), PING, end()).complete).toBe(false)
    expect(meter(start(), end(), STOP.slice(0, -1)).complete).toBe(false)
  })

  it('does not read the event that broke off', () => {
    expect(meter(start(), end().slice(0, -1))).toMatchObject({ usage: START_USAGE, stopReason: null })
  })

  it('calls a stream complete though comments and pings follow message_stop', () => {
    expect(meter(start(), end(), STOP, ': keep-alive\n\n').complete).toBe(true)
    expect(meter(start(), end(), STOP, PING).complete).toBe(true)
  })

  it('keeps an error though another event follows it', () => {
    expect(meter(start(), OVERLOADED, PING).errorType).toBe('overloaded_error')
  })

  it('is not misled by text that holds the words, escaped or as an event of its own', () => {
    for (const text of [
      '"usage"',
      '{"type":"message_stop"}',
      '\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
    ]) {
      expect(meter(start(), delta({ type: 'text_delta', text }))).toMatchObject({ usage: START_USAGE, complete: false })
    }
  })

  it('is not misled by a tool result that holds usage and the name of an event', () => {
    const block = { type: 'web_search_tool_result', usage: { input_tokens: 666 }, content: ['message_delta', 'error'] }
    expect(meter(start(), event({ type: 'content_block_start', index: 2, content_block: block }))).toMatchObject({
      usage: START_USAGE,
      errorType: null,
    })
  })

  it('survives events that are not what they should be', () => {
    for (const data of ['{"type":"message_start"', '"message_stop"', '["message_stop"]', '{"type":"message_start"}']) {
      expect(meter(`data: ${data}\n\n`)).toMatchObject({ model: null, usage: null, complete: false })
    }
    expect(meter(event({ type: 'message_start', message: { model: 7, usage: 'none' } }))).toMatchObject({
      model: null,
      usage: null,
    })
    expect(meter(event({ type: 'error', error: null })).errorType).toBeNull()
  })

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.uint8Array(), fc.constantFrom('\n', '\r', 'data:', '"usage"', '{', STOP).map(Buffer.from)),
        ),
        (chunks) => {
          expect(meter(...chunks.map((chunk) => Buffer.from(chunk))).model).toBeNull()
        },
      ),
    )
  })

  it('tells what it knows mid-stream, twice the same, and goes on', () => {
    const meter = new EventStreamMeter()
    meter.push(Buffer.from(start() + end().slice(0, 40)))
    const early = meter.facts()
    expect(early).toMatchObject({ usage: START_USAGE, stopReason: null, complete: false })
    expect(meter.facts()).toEqual(early)
    meter.push(Buffer.from(end().slice(40) + STOP))
    expect(meter.facts()).toEqual({ ...TRANSCRIPT_FACTS, empty: true })
    expect(meter.facts()).toEqual({ ...TRANSCRIPT_FACTS, empty: true })
    expect(early).toMatchObject({ usage: START_USAGE, complete: false })
  })

  it('reads on after an event of 3 MiB in chunks of 16 KiB', () => {
    const large = event({ type: 'content_block_start', content_block: { content: 'x'.repeat(3 * 1024 * 1024) } })
    const bytes = Buffer.from(start() + large + end() + STOP)
    expect(meter(...cutAt(bytes, everyNth(16 * 1024, bytes.length)))).toEqual(TRANSCRIPT_FACTS)
  })

  it('reads usage out of an event of 3 MiB', () => {
    const bytes = Buffer.from(start({ ...START_USAGE, padding: 'x'.repeat(3 * 1024 * 1024) }))
    expect(meter(...cutAt(bytes, everyNth(64 * 1024, bytes.length))).usage?.input_tokens).toBe(412)
  })

  it('holds no more than a few mebibytes of a stream without a boundary, and reads on after it', () => {
    const MIB = 1024 * 1024
    const meter = new EventStreamMeter()
    meter.push(Buffer.from(`${start()}data: `))
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 64; i++) meter.push(Buffer.alloc(MIB, 0x78))
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB)
    meter.push(Buffer.from(`\n\n${end()}${STOP}`))
    expect(meter.facts()).toEqual(TRANSCRIPT_FACTS)
  })
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

function everyNth(step: number, length: number): number[] {
  return Array.from({ length: Math.floor(length / step) }, (_, i) => (i + 1) * step)
}

function withoutNulls(usage: object): object {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null))
}
