import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Alert, createAlerts } from './alerts.js'
import type { Logger } from './logger.js'
import { FakeClock } from './testing/fake-clock.js'

const HOUR = 3_600_000

function open(send: (alert: Alert) => void | Promise<void> = () => {}) {
  const clock = new FakeClock()
  const lines: [string, object, string][] = []
  const write = (level: string) => (facts: object, message: string) => void lines.push([level, facts, message])
  const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const sent: Alert[] = []
  const recorder = { send: (alert: Alert) => void sent.push(alert) }
  return { clock, lines, sent, alerts: createAlerts({ sinks: [{ send }, recorder], logger, clock }) }
}

describe('createAlerts', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('logs and sends one alert of a thousand an hour, and counts the others', async () => {
    const { clock, alerts, sent, lines } = open()
    for (let i = 0; i < 1000; i++) alerts.raise('credential_refused', 'example.com', 'The upstream answers 401')
    await alerts.close()
    expect(sent).toMatchObject([{ kind: 'credential_refused', subject: 'example.com', count: 1, at: clock.now() }])
    expect(lines).toHaveLength(1)
    clock.pass(HOUR)
    alerts.raise('credential_refused', 'example.com', 'The upstream answers 401')
    await alerts.close()
    expect(sent.map(({ count }) => count)).toEqual([1, 1000])
    expect(lines.at(-1)).toEqual([
      'error',
      { kind: 'credential_refused', subject: 'example.com', count: 1000 },
      'The upstream answers 401',
    ])
  })

  it('tells kinds and subjects apart', async () => {
    const { alerts, sent } = open()
    for (const [kind, subject] of [
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'x'],
      ['a', 'x'],
    ] as const) {
      alerts.raise(kind, subject, 'message')
    }
    await alerts.close()
    expect(sent.map(({ kind, subject }) => kind + subject)).toEqual(['ax', 'ay', 'bx'])
  })

  it('does not open the window for a wall clock that steps', async () => {
    const { clock, alerts, sent } = open()
    alerts.raise('a', 'x', 'message')
    clock.step(10 * HOUR)
    alerts.raise('a', 'x', 'message')
    await alerts.close()
    expect(sent).toHaveLength(1)
  })

  it('remembers a bounded number', async () => {
    const { alerts, sent } = open()
    for (let i = 0; i <= 1000; i++) alerts.raise('a', `domain-${i}`, 'message')
    alerts.raise('a', 'domain-1000', 'message')
    alerts.raise('a', 'domain-0', 'message')
    await alerts.close()
    expect(sent).toHaveLength(1002)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('https://hooks.slack.com/services/T000FAKE0/B000FAKE0/FAKEfakeFAKEfakeFAKEfake')
      },
    ],
    [
      'rejects',
      () => Promise.reject(new Error('https://hooks.slack.com/services/T000FAKE0/B000FAKE0/FAKEfakeFAKEfakeFAKEfake')),
    ],
  ])('minds no sink that %s; the others get the alert', async (_name, send) => {
    const { alerts, sent, lines } = open(send)
    alerts.raise('a', 'x', 'message')
    await alerts.close()
    expect(sent).toHaveLength(1)
    expect(lines.map(([level]) => level)).toEqual(['error', 'warn'])
    expect(JSON.stringify(lines)).not.toContain('FAKE')
  })

  it('waits five seconds at most for a sink that hangs', async () => {
    const { alerts, lines } = open(() => new Promise(() => {}))
    alerts.raise('a', 'x', 'message')
    const closed = vi.fn()
    void alerts.close().then(closed)
    await vi.advanceTimersByTimeAsync(4999)
    expect(closed).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(closed).toHaveBeenCalled()
    expect(lines.at(-1)?.[2]).toBe('alert not delivered')
  })
})
