import { join } from 'node:path'
import * as z from 'zod'
import type { Clock } from '../../clock.js'
import { ConfigurationError, StorageError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import type { ClientKeyUse } from '../../storage/storage.js'
import { replaceFile } from './fenced-write.js'
import { parseJson } from './file-content.js'
import { takeFolderLock } from './folder-lock.js'
import { createTurns } from './in-turn.js'
import { type FileRules, readPrivateFile, stampOf } from './private-file.js'

const FILE_NAME = '.client-key-uses.json'
const LOCK_NAME = 'client-key-uses'
/** Some hundred thousand keys. */
const MAX_BYTES = 32 * 1024 * 1024

const schema = z.record(
  z.string(),
  z.strictObject({
    requests: z.int().min(0),
    last_used_at: z.iso.datetime(),
    last_address: z.string().nullable(),
  }),
)

/** Counts of use, kept beside the files that hold the keys. */
export interface KeyUses {
  /** Adds to the counts, durably where the folder can be written to. */
  add(uses: readonly ClientKeyUse[]): Promise<void>
  /** The counts by key id. */
  read(): Promise<ReadonlyMap<string, ClientKeyUse>>
}

/** Creates the counts of `folder`. */
export function createKeyUses(folder: string, rules: FileRules, clock: Clock, logger: Logger): KeyUses {
  const path = join(folder, FILE_NAME)
  const inTurn = createTurns()
  /** Counts that could not be stored, because the folder is read-only. */
  let kept: ReadonlyMap<string, ClientKeyUse> = new Map()

  function readStored(): ReadonlyMap<string, ClientKeyUse> {
    try {
      stampOf(path, rules)
    } catch {
      return new Map()
    }
    const parsed = schema.safeParse(parseJson(path, readPrivateFile(path, rules, MAX_BYTES).text))
    if (!parsed.success) throw new ConfigurationError(path, 'does not hold counts of use: remove it to start anew')
    return new Map(
      Object.entries(parsed.data).map(([keyId, { requests, last_used_at, last_address }]) => [
        keyId,
        { keyId, requests, lastUsedAt: Date.parse(last_used_at), lastAddress: last_address },
      ]),
    )
  }

  async function store(uses: readonly ClientKeyUse[]): Promise<void> {
    const lock = await takeFolderLock(folder, LOCK_NAME, clock)
    try {
      await replaceFile(lock, path, toText(merge(readStored(), uses)))
    } finally {
      await lock.release()
    }
  }

  return {
    add: (uses) =>
      inTurn('', async () => {
        if (uses.length === 0) return
        try {
          await store(uses)
        } catch (error) {
          if (!(error instanceof StorageError && error.code === 'read_only')) throw error
          if (kept.size === 0) logger.warn({ problem: error.message }, 'uses of client keys are kept in memory alone')
          kept = merge(kept, uses)
        }
      }),
    read: async () => merge(readStored(), [...kept.values()]),
  }
}

function merge(counts: ReadonlyMap<string, ClientKeyUse>, added: readonly ClientKeyUse[]): Map<string, ClientKeyUse> {
  const merged = new Map(counts)
  for (const use of added) {
    const earlier = merged.get(use.keyId)
    const latest = earlier !== undefined && earlier.lastUsedAt > use.lastUsedAt ? earlier : use
    merged.set(use.keyId, { ...latest, requests: (earlier?.requests ?? 0) + use.requests })
  }
  return merged
}

function toText(counts: ReadonlyMap<string, ClientKeyUse>): string {
  const fields = [...counts].map(([keyId, { requests, lastUsedAt, lastAddress }]) => [
    keyId,
    { requests, last_used_at: new Date(lastUsedAt).toISOString(), last_address: lastAddress },
  ])
  return `${JSON.stringify(Object.fromEntries(fields))}\n`
}
