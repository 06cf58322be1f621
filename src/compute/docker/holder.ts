import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { PlimsollError } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';

/**
 * The program of containers that do nothing but hold the network which the containers of a task share, for as long as one
 * of them runs: with whichever of them came first, the network would end. ECS's agent does the same
 * (https://github.com/aws/amazon-ecs-agent, `amazon-ecs-pause`).
 *
 * An image of its own, made here, because nothing can be counted on to be on this computer: one file, an ELF program of a
 * header, one segment and a few instructions.
 */
const programs: Readonly<Partial<Record<NodeJS.Architecture, { readonly machine: number; readonly code: readonly number[] }>>> = {
  // mov eax, 34 (pause); syscall; jmp to the start
  x64: { machine: 62, code: [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7] },
  // x0 to x4 = 0; mov x8, 73 (ppoll of nothing, without end); svc 0; branch to the start
  arm64: {
    machine: 183,
    code: [0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800004, 0xd2800928, 0xd4000001, 0x17fffff9].flatMap((word) => [
      word & 255,
      (word >>> 8) & 255,
      (word >>> 16) & 255,
      word >>> 24,
    ]),
  },
};

const name = 'plimsoll-hold';
const program = 'hold';

export const holderImage = `${name}:${process.arch}`;

/** Throws PL_COMPUTE_DOCKER_IMAGE on processors that are not known here. */
export async function makeHolderImage(docker: Docker): Promise<void> {
  const progress = await docker.importImage(Readable.from([archiveOf(elf())]), {
    repo: name,
    tag: process.arch,
    changes: [`ENTRYPOINT ["/${program}"]`],
  });
  await new Promise<void>((done, failed) => {
    docker.modem.followProgress(progress, (error: Error | null) => (error === null ? done() : failed(error)));
  });
}

/** ELF, 64 bit, little-endian, statically linked: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
function elf(): Buffer {
  const found = programs[process.arch];
  if (found === undefined)
    throw new PlimsollError(computeErrors.PL_COMPUTE_DOCKER_IMAGE, {
      what: `tasks of several containers need a program that is not known for processors of the kind ${process.arch}`,
      where: name,
    });
  const base = 0x400000n;
  const [headerBytes, segmentBytes] = [64, 56];
  const start = headerBytes + segmentBytes;
  const size = start + found.code.length;
  const file = Buffer.alloc(size);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(found.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(base + BigInt(start), 24);
  file.writeBigUInt64LE(BigInt(headerBytes), 32);
  file.writeUInt16LE(headerBytes, 52);
  file.writeUInt16LE(segmentBytes, 54);
  file.writeUInt16LE(1, 56);
  // One segment, readable and executable: the whole file.
  file.writeUInt32LE(1, headerBytes);
  file.writeUInt32LE(5, headerBytes + 4);
  file.writeBigUInt64LE(base, headerBytes + 16);
  file.writeBigUInt64LE(base, headerBytes + 24);
  file.writeBigUInt64LE(BigInt(size), headerBytes + 32);
  file.writeBigUInt64LE(BigInt(size), headerBytes + 40);
  file.writeBigUInt64LE(0x1000n, headerBytes + 48);
  file.set(found.code, start);
  return file;
}

/** A tar archive of the one file: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function archiveOf(content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const fields: readonly [number, string][] = [
    [0, program],
    [100, '0000755\0'],
    [108, '0000000\0'],
    [116, '0000000\0'],
    [124, `${content.length.toString(8).padStart(11, '0')}\0`],
    [136, '00000000000\0'],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ];
  for (const [at, text] of fields) header.write(text, at, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc(512 - (content.length % 512) + 1024)]);
}
