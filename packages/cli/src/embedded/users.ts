import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The processes that use the embedded database of a folder, each by a file named by its process id. */
export class Users {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = join(folder, 'users')
  }

  /** Says that this process uses it. */
  enter(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(this.#folder, String(process.pid)), '')
  }

  /** Says that this process uses it no more; true where nobody does. */
  leave(): boolean {
    rmSync(join(this.#folder, String(process.pid)), { force: true })
    return !readdirSync(this.#folder).some((name) => isAlive(Number(name)))
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
