// What the system says of a process and all that it started. Linux counts to the nanosecond, for each thread.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Whether {@link treeUsage} works here. */
export const canReadTrees = read(`/proc/${process.pid}/task/${process.pid}/schedstat`) !== null

/**
 * CPU time so far of a process tree and, of it, of the process's own main thread; and the most memory it held at a time
 * since {@link resetPeak}.
 */
export function treeUsage(pid) {
  let nanoseconds = 0
  let peakKib = 0
  for (const member of tree(pid)) {
    for (const thread of threads(member)) nanoseconds += threadTime(member, thread)
    peakKib += Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${member}/status`) ?? '')?.[1] ?? 0)
  }
  return { cpuMicros: nanoseconds / 1000, mainMicros: threadTime(pid, pid) / 1000, peakMib: peakKib / 1024 }
}

function threadTime(pid, thread) {
  return Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0)
}

/** Lets peak memory count from now on. */
export function resetPeak(pid) {
  for (const member of tree(pid)) {
    try {
      writeFileSync(`/proc/${member}/clear_refs`, '5')
    } catch {
      // Not permitted everywhere: the peak is then that of the whole run.
    }
  }
}

function tree(pid) {
  const children = threads(pid).flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`)?.match(/\d+/g) ?? [])
  return [pid, ...children.flatMap((child) => tree(Number(child)))]
}

function threads(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
