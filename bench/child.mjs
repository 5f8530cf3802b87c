// The child's half of the start protocol: environment in, `{ port }` on the IPC channel out.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { cpuUsage, resourceUsage } from 'node:process'

/** Tells the parent where `server` listens. */
export function announce(server) {
  process.send({ port: server.address().port })
}

/** Runs `server` on a free port of the loopback interface and announces it. */
export function listen(server) {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 2048 }, () => announce(server))
}

// Where the system does not tell what a process used, the parent asks the process itself.
process.on('message', ({ ask, id }) => {
  if (ask !== 'usage') return
  const { user, system } = cpuUsage()
  process.send({ id, result: { cpuMicros: user + system, mainMicros: null, peakMib: resourceUsage().maxRSS / 1024 } })
})

/** The longest time that the event loop stood still, in milliseconds: between "watch" and "watched". */
const delay = monitorEventLoopDelay({ resolution: 1 })
process.on('message', ({ ask, id }) => {
  if (ask === 'watch') {
    delay.reset()
    delay.enable()
    process.send({ id, result: null })
  } else if (ask === 'watched') {
    delay.disable()
    process.send({ id, result: delay.max / 1e6 })
  }
})

// However the parent ends, nothing it started outlives it.
process.on('disconnect', () => process.exit())
