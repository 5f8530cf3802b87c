import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createDispatcher } from './dispatcher.js'

/** Fails as a library does that cannot be loaded: after the dispatcher was made. */
const BROKEN = 'no origin'

describe('a dispatcher whose pools cannot be opened', () => {
  it('tells each request, and ends without an error', async () => {
    const dispatcher = createDispatcher(BROKEN, 1000)
    const onResponseError = vi.fn()
    dispatcher.dispatch({ path: '/', method: 'GET' }, { onResponseError })
    await expect.poll(() => onResponseError.mock.calls.length).toBe(1)
    await dispatcher.destroy()
  })

  it('does not end a process that sends nothing', async () => {
    const onUnhandled = vi.fn()
    process.on('unhandledRejection', onUnhandled)
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled))
    createDispatcher(BROKEN, 1000)
    await import('undici')
    // Node tells of a rejection once the turn is over in which nobody took it.
    await setImmediate()
    await setImmediate()
    expect(onUnhandled).not.toHaveBeenCalled()
  })
})
