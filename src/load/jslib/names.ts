/** jslib's `k6-summary` as a module of ours: it is made of the summary's own code, and asks nothing of the script. */
export const SUMMARY_MODULE = 'plimsoll:k6-summary';
