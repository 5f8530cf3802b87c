import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ResponseSink } from '../mountable.js'
import { CoalescingWriter, type Flow } from './coalescing-writer.js'

/** Writes down what is done to it; says it is full as long as `full` is set. */
class FakeSink extends EventEmitter implements ResponseSink {
  headersSent = true
  closed = false
  full = false
  readonly calls: string[] = []

  writeHead(): void {}

  flushHeaders(): void {
    this.calls.push('flushHeaders')
  }

  write(chunk: Uint8Array): boolean {
    this.calls.push(`write ${Buffer.from(chunk)}`)
    return !this.full
  }

  end(chunk?: string | Uint8Array): void {
    this.calls.push(chunk === undefined ? 'end' : `end ${Buffer.from(chunk)}`)
  }

  destroy(): void {
    if (this.closed) return
    this.closed = true
    this.calls.push('destroy')
  }

  drain(): void {
    this.full = false
    this.emit('drain')
  }
}

function open() {
  const sink = new FakeSink()
  const written: string[] = []
  const flow = { pause: vi.fn<Flow['pause']>(), resume: vi.fn<Flow['resume']>() }
  const writer = new CoalescingWriter(sink, (chunk) => written.push(chunk.toString()))
  writer.begin(flow)
  const push = (...texts: string[]) => {
    for (const text of texts) writer.push(Buffer.from(text))
  }
  return { sink, written, flow, writer, push }
}

const endOfTurn = () => new Promise<void>((resolve) => process.nextTick(resolve))

afterEach(() => {
  vi.useRealTimers()
})

describe('CoalescingWriter', () => {
  it('writes what one turn brought in one write, in order', async () => {
    const { sink, written, push } = open()
    push('a', 'b', 'c')
    expect(sink.calls).toEqual([])
    await endOfTurn()
    push('d')
    await endOfTurn()
    push('e', 'f')
    await endOfTurn()
    expect(sink.calls).toEqual(['write abc', 'write d', 'write ef'])
    expect(written).toEqual(['abc', 'd', 'ef'])
  })

  it('writes within the turn, before any timer or I/O', async () => {
    const { sink, push } = open()
    const order: string[] = []
    global.setImmediate(() => order.push('I/O'))
    sink.write = () => order.push('write') > 0
    push('a')
    await setImmediate()
    expect(order).toEqual(['write', 'I/O'])
  })

  it('sends the head alone where nothing came with it, once', async () => {
    const { sink, push } = open()
    await setImmediate()
    expect(sink.calls).toEqual(['flushHeaders'])
    push('a')
    await endOfTurn()
    expect(sink.calls).toEqual(['flushHeaders', 'write a'])
  })

  it('writes nothing and no head to a sink that was closed meanwhile', async () => {
    const { sink, written, push } = open()
    push('a')
    sink.closed = true
    await setImmediate()
    expect(sink.calls).toEqual([])
    expect(written).toEqual([])
  })

  it('keeps every byte in order, however it is cut and paused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 })), async (turns) => {
        const { sink, written, push, writer } = open()
        for (const [i, turn] of turns.entries()) {
          sink.full = i % 2 === 0
          push(...turn)
          await endOfTurn()
          sink.drain()
        }
        writer.end()
        const sent = sink.calls.filter((call) => /^(?:write|end) /.test(call)).map((call) => call.replace(/^\w+ /, ''))
        expect(sent.join('')).toBe(turns.flat().join(''))
        expect(written).toEqual(sent)
        expect(sink.calls.at(-1)).toMatch(/^end/)
      }),
    )
  })
})

describe('CoalescingWriter, backpressure', () => {
  it('pauses the flow while the sink is full and resumes it at each drain', async () => {
    const { sink, flow, push } = open()
    for (const round of [1, 2, 3]) {
      sink.full = true
      push('x')
      await endOfTurn()
      expect(flow.pause).toHaveBeenCalledTimes(round)
      expect(flow.resume).toHaveBeenCalledTimes(round - 1)
      sink.drain()
      expect(flow.resume).toHaveBeenCalledTimes(round)
    }
    expect(sink.listenerCount('drain')).toBe(1)
  })

  it('does not resume a flow that it did not pause', async () => {
    const { sink, flow, push } = open()
    push('x')
    await endOfTurn()
    sink.drain()
    expect(flow.pause).not.toHaveBeenCalled()
    expect(flow.resume).not.toHaveBeenCalled()
    expect(sink.listenerCount('drain')).toBe(0)
  })

  it('still writes what the flow had under way when it was paused', async () => {
    const { sink, push } = open()
    sink.full = true
    push('a')
    await endOfTurn()
    push('b')
    await endOfTurn()
    expect(sink.calls).toEqual(['write a', 'write b'])
  })
})

describe('CoalescingWriter.end', () => {
  it('ends with what is pending, in one call', async () => {
    const { sink, written, push, writer } = open()
    push('a', 'b')
    writer.end()
    await setImmediate()
    expect(sink.calls).toEqual(['end ab'])
    expect(written).toEqual(['ab'])
  })

  it('ends an answer without a body, head and end in one', async () => {
    const { sink, written, writer } = open()
    writer.end()
    await setImmediate()
    expect(sink.calls).toEqual(['end'])
    expect(written).toEqual([])
  })

  it('lets nothing follow', async () => {
    const { sink, written, push, writer } = open()
    writer.end()
    push('late')
    await setImmediate()
    expect(sink.calls).toEqual(['end'])
    expect(written).toEqual([])
  })
})

describe('CoalescingWriter.breakOff', () => {
  const LAST = 'event: error\n\n'

  it.each([
    ['nothing', []],
    ['\\n\\n', ['data: 1\n\n']],
    ['\\r\\n\\r\\n', ['data: 1\r\n\r\n']],
    ['\\r\\r', ['data: 1\r\r']],
    ['a boundary in several chunks', ['data: 1\n', '\n']],
  ])('puts the last event after %s', async (_name, chunks) => {
    const { sink, written, push, writer } = open()
    for (const chunk of chunks) {
      push(chunk)
      await endOfTurn()
    }
    writer.breakOff(LAST)
    await setImmediate()
    expect(sink.calls.slice(-2)).toEqual([`write ${LAST}`, 'destroy'])
    expect(written).toEqual(chunks)
  })

  it('finds a boundary that came byte by byte', async () => {
    const { sink, push, writer } = open()
    for (const byte of 'data: 1\r\n\r\n') {
      push(byte)
      await endOfTurn()
    }
    writer.breakOff(LAST)
    expect(sink.calls.at(-1)).toBe(`write ${LAST}`)
  })

  it.each([['data: 1'], ['data: 1\n'], ['data: 1\r\n'], ['data: 1\n\ndata: 2'], ['\\n\\n']])(
    'leaves the last event out within an event: %j',
    async (text) => {
      const { sink, push, writer } = open()
      push(text)
      await endOfTurn()
      writer.breakOff(LAST)
      await setImmediate()
      expect(sink.calls).toEqual([`write ${text}`, 'destroy'])
    },
  )

  it('leaves it out where there is none', async () => {
    const { sink, push, writer } = open()
    push('{"a":')
    writer.breakOff(null)
    await setImmediate()
    expect(sink.calls).toEqual(['write {"a":', 'destroy'])
  })

  it('writes what is pending first, and cuts only after the turn that wrote it', async () => {
    const { sink, push, writer } = open()
    push('data: 1\n', '\n')
    writer.breakOff(LAST)
    expect(sink.calls).toEqual(['write data: 1\n\n', `write ${LAST}`])
    await endOfTurn()
    expect(sink.closed).toBe(false)
    await setImmediate()
    expect(sink.closed).toBe(true)
  })

  it('never ends cleanly, and lets nothing follow', async () => {
    const { sink, push, writer } = open()
    push('data: 1\n\n')
    writer.breakOff(LAST)
    push('late')
    await setImmediate()
    expect(sink.calls).toEqual(['write data: 1\n\n', `write ${LAST}`, 'destroy'])
  })

  it('waits for a slow reader to take what had arrived', async () => {
    const { sink, push, writer } = open()
    sink.full = true
    push('data: 1\n\n')
    await endOfTurn()
    writer.breakOff(LAST)
    await setImmediate()
    expect(sink.calls).toEqual(['write data: 1\n\n', `write ${LAST}`])
    sink.drain()
    expect(sink.closed).toBe(true)
  })

  it('waits also where only the last of it filled the sink', async () => {
    const { sink, push, writer } = open()
    push('data: 1\n\n')
    sink.full = true
    writer.breakOff(null)
    await setImmediate()
    expect(sink.closed).toBe(false)
    sink.drain()
    expect(sink.closed).toBe(true)
  })

  it('cuts a reader that takes nothing after 30 seconds', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { sink, push, writer } = open()
    sink.full = true
    push('data: 1\n\n')
    writer.breakOff(null)
    vi.advanceTimersByTime(29_999)
    expect(sink.closed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(sink.calls.filter((call) => call === 'destroy')).toHaveLength(1)
  })
})
