// The worker processes: started, told, stopped, continued, killed and replaced.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('worker.mjs', import.meta.url))

/** @param {{ size: number, args: readonly string[] }} settings `args` come before a worker's name and clock offset */
export async function startPool({ size, args }) {
  let started = 0
  let offset = 0

  async function start() {
    const name = `worker-${++started}`
    const child = fork(PROGRAM, [...args, name, String(offset)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const waiting = new Map()
    let lastId = 0
    const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)))
    void ended.then(() => {
      for (const settle of waiting.values()) settle(null)
    })
    await new Promise((resolve) => child.once('message', resolve))
    child.on('message', ({ id, ...result }) => {
      waiting.get(id)?.(result)
      waiting.delete(id)
    })
    return {
      name,
      ended,
      get hasEnded() {
        return child.exitCode !== null || child.signalCode !== null
      },
      kill: (signal) => child.kill(signal),
      /** Sends an order and gives its result; null where the worker dies over it. */
      order(order) {
        if (this.hasEnded || !child.connected) return Promise.resolve(null)
        const id = ++lastId
        return new Promise((resolve) => {
          waiting.set(id, resolve)
          child.send({ id, ...order })
        })
      },
    }
  }

  const workers = await Promise.all(Array.from({ length: size }, start))
  return {
    workers,
    /** Sets every worker's clock; those that start later begin with it. */
    setOffset(ms) {
      offset = ms
    },
    get offset() {
      return offset
    },
    order: (order) => Promise.all(workers.map((worker) => worker.order(order))),
    /** Puts a new process in the place of one that has ended. */
    async replaceEnded() {
      for (const [i, worker] of workers.entries()) if (worker.hasEnded) workers[i] = await start()
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.order({ isLast: true })))
      const late = setTimeout(() => {
        for (const worker of workers) worker.kill('SIGKILL')
      }, 10_000)
      await Promise.all(workers.map((worker) => worker.ended))
      clearTimeout(late)
    },
  }
}
