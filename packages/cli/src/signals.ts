import { constants } from 'node:os'

/**
 * npm passes Ctrl-C on to us although the terminal has sent it to us already, a moment apart: that is one signal.
 * A person who means it a second time takes longer.
 */
const SAME_SIGNAL_MS = 250

/** On SIGTERM or SIGINT runs `stop` and ends the process with exit code 0; a second signal ends it at once. */
export function stopOnSignal(stop: () => Promise<void>): void {
  let stoppingSince: number | null = null
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, async () => {
      if (stoppingSince !== null) {
        if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal])
        return
      }
      stoppingSince = performance.now()
      await stop()
      process.exit(0)
    })
  }
}
