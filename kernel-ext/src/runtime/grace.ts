/** Milliseconds that a cell which watches the stop signal is given to finish. */
export const cooperativeGrace = 4000;
