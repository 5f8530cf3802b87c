import { describe, expect, it } from 'vitest'
import { EventStreamMeter } from './event-stream-meter.js'
import { JsonMeter } from './json-meter.js'
import { createMeter } from './meter.js'

describe('createMeter', () => {
  it.each(['text/event-stream', 'text/event-stream; charset=utf-8', 'Text/Event-Stream'])(
    'reads events of %s',
    (type) => {
      expect(createMeter({ 'content-type': type })).toBeInstanceOf(EventStreamMeter)
    },
  )

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])(
    'reads an object of %s',
    (type) => {
      expect(createMeter({ 'content-type': type })).toBeInstanceOf(JsonMeter)
    },
  )

  it('reads nothing else', () => {
    expect(createMeter({})).toBeNull()
    for (const type of ['text/html', 'text/plain', '', 'application/octet-stream']) {
      expect(createMeter({ 'content-type': type }), type).toBeNull()
    }
  })

  it('reads nothing that is packed', () => {
    for (const type of ['text/event-stream', 'application/json']) {
      expect(createMeter({ 'content-type': type, 'content-encoding': 'gzip' })).toBeNull()
      expect(createMeter({ 'content-type': type, 'content-encoding': 'identity' })).not.toBeNull()
    }
  })
})
