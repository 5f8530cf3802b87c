import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { findModel } from './request-model.js'

describe('findModel', () => {
  it('finds the model that a body names, wherever it stands', () => {
    expect(findModel(Buffer.from('{"model":"claude-opus-5-5","messages":[]}'))).toBe('claude-opus-5-5')
    const messages = [{ content: '"model":"no"' }, { content: [{ type: 'tool_use', input: { model: 'no' } }] }]
    expect(findModel(Buffer.from(JSON.stringify({ messages, model: 'clau"de' })))).toBe('clau"de')
  })

  it('finds none where there is none, or none that is text', () => {
    for (const body of [
      '',
      '{}',
      '[]',
      '{"model":7}',
      '{"model":null}',
      '{"metadata":{"model":"no"}}',
      '{"model":"m',
    ]) {
      expect(findModel(Buffer.from(body)), body).toBeNull()
    }
  })

  it('finds none in a body that was not kept', () => {
    expect(findModel(null)).toBeNull()
    expect(findModel(Readable.from(['{"model":"m"}']))).toBeNull()
  })
})
