import { connectParent, errorMessage, PlimsollError } from '../base/index.ts';
import { loadErrors } from './errors.ts';
import { LoadWorker } from './run/worker.ts';
import { findLinux } from './vu/linux.ts';
import type { ErrorMessage, FromProcess, ToProcess } from './run/messages.ts';

/** The load process: what `startLoad` starts. It has no life of its own; see run/messages.ts for what it is told. */

const send = connectParent<ToProcess, FromProcess>({
  onMessage(message) {
    worker.handle(message).catch((error: unknown) => send({ type: 'failed', error: toMessage(error) }));
  },
  onEnd() {
    process.exit(0);
  },
});

// A script that computes without end would not see that the channel is gone.
findLinux()?.endWithParent();

const worker = new LoadWorker(send, toMessage);

// A promise that the script left alone, or a fault of ours: the run must end with it, never go on half dead.
process.on('unhandledRejection', (error) => {
  // Such a fault has been told, and what the engine called then is left alone.
  const isTold = error instanceof PlimsollError && error.code === loadErrors.PL_LOAD_CANNOT_SUSPEND.code;
  if (!isTold) send({ type: 'failed', error: toMessage(error) });
});
process.on('uncaughtException', (error) => send({ type: 'failed', error: toMessage(error) }));

function toMessage(error: unknown): ErrorMessage {
  if (error instanceof PlimsollError) return { code: error.code, message: error.message, stack: error.stack };
  return {
    code: loadErrors.PL_LOAD_PROCESS_DIED.code,
    message: `a fault in the load process: ${errorMessage(error)}`,
    stack: (error as Error).stack,
  };
}
