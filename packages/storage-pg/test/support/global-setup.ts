import { randomBytes } from 'node:crypto'
import { migrate } from '@agent-prompt-train/storage-pg'
import type { TestProject } from 'vitest/node'
import { query, urlOf } from './databases.js'
import { type PostgresServer, startPostgres } from './postgres-server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's connection to the server of this run. */
    readonly postgresUrl: string
    /** A database that is migrated, to copy. */
    readonly postgresTemplate: string
  }
}

/** One server for the run, or the one that DATABASE_URL names; one migrated database in it that tests copy. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.DATABASE_URL
  const server: PostgresServer | null = given === undefined ? await startPostgres() : null
  const url = given ?? server!.url
  const template = `prompt_train_template_${randomBytes(4).toString('hex')}`
  try {
    await query(url, `create database ${template}`)
    await migrate({ connectionString: urlOf(url, template) })
  } catch (error) {
    await server?.stop()
    throw error
  }
  project.provide('postgresUrl', url)
  project.provide('postgresTemplate', template)
  return async () => {
    if (server === null) await query(url, `drop database ${template} with (force)`)
    await server?.stop()
  }
}
