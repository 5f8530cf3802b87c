import { describe, expect, it } from 'vitest'
import { JsonMeter } from './json-meter.js'

function meter(...chunks: string[]) {
  const meter = new JsonMeter()
  for (const chunk of chunks) meter.push(Buffer.from(chunk))
  return meter.facts()
}

describe('JsonMeter', () => {
  it('reads the facts of a message', () => {
    const usage = { input_tokens: 12, output_tokens: 3, service_tier: 'standard', iterations: [{ type: 'message' }] }
    const message = {
      id: 'msg_1',
      model: 'claude-opus-5-5',
      content: [{ type: 'tool_use', input: { usage: { input_tokens: 666 }, stop_reason: 'no' } }],
      stop_reason: 'tool_use',
      usage,
    }
    expect(meter(JSON.stringify(message))).toEqual({
      model: 'claude-opus-5-5',
      usage,
      stopReason: 'tool_use',
      empty: false,
      errorType: null,
      complete: true,
    })
  })

  it.each([
    ['[]', true],
    ['[{"type":"text","text":"I cannot"}]', false],
  ])('tells whether a refusal came before any content: %s', (content, empty) => {
    const text = `{"model":"m","content":${content},"stop_reason":"refusal","usage":{"output_tokens":4}}`
    expect(meter(text)).toMatchObject({ stopReason: 'refusal', empty })
  })

  it('reads the type of an error', () => {
    const text = JSON.stringify({ type: 'error', error: { type: 'rate_limit_error', message: 'x' }, request_id: 'r' })
    expect(meter(text.slice(0, 30), text.slice(30))).toEqual({
      model: null,
      usage: null,
      stopReason: null,
      empty: false,
      errorType: 'rate_limit_error',
      complete: true,
    })
  })

  it('knows nothing where members are of another type', () => {
    const nothing = { model: null, usage: null, stopReason: null, errorType: null }
    expect(meter('{"model":7,"usage":[1],"stop_reason":{},"error":"text"}')).toMatchObject(nothing)
    expect(meter('{"model":null,"usage":null,"stop_reason":null,"error":{"type":5}}')).toMatchObject(nothing)
    expect(meter('{"input_tokens":9}')).toMatchObject(nothing)
    expect(meter('<html>')).toMatchObject(nothing)
    expect(meter()).toMatchObject(nothing)
  })

  it('tells the same facts twice, and more when more has come', () => {
    const meter = new JsonMeter()
    meter.push(Buffer.from('{"model":"m",'))
    expect(meter.facts()).toEqual(meter.facts())
    expect(meter.facts()).toMatchObject({ model: 'm', usage: null })
    meter.push(Buffer.from('"usage":{"output_tokens":1}}'))
    expect(meter.facts()).toMatchObject({ model: 'm', usage: { output_tokens: 1 } })
  })
})
