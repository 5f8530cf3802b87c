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

  /** Says that this process uses it no more; true where nobody does. What killed processes left is removed. */
  leave(): boolean {
    const others = readdirSync(this.#folder).filter((name) => Number(name) !== process.pid && isAlive(Number(name)))
    for (const name of readdirSync(this.#folder)) {
      if (!others.includes(name)) rmSync(join(this.#folder, name), { force: true })
    }
    return others.length === 0
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
