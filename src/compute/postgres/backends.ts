import { readFile } from 'node:fs/promises';

/** `postgres: user database 127.16.0.3(41234) idle`: only backends of clients name a peer. */
const clientTitle = /^postgres: .*\(\d+\) /;

/** Counts the backends of a server that serve a client, by their titles in /proc; undefined where there is no /proc. */
export async function clientBackends(pid: number): Promise<number | undefined> {
  try {
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((child) => child !== '');
    const titles = await Promise.all(children.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')));
    return titles.filter((title) => clientTitle.test(title)).length;
  } catch {
    return undefined;
  }
}
