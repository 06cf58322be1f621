/**
 * The load balancer. The control plane starts it, hands it routing snapshots (`model/routing.ts`) and hears
 * of health, drained targets and metrics; traffic runs in worker processes of their own.
 */
export { balancerErrors } from './errors.ts';
export { startBalancer, type AppliedEvent, type Balancer, type BalancerExit, type BalancerOptions } from './supervisor.ts';
