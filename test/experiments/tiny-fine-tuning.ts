// A fine-tuning of a few dozen steps, with an evaluation every third iteration.
export const tiny = {
  iterations: 4,
  steps: 5,
  batchSize: 20,
  updateEpochs: 1,
  nCriticWarmupItr: 0,
  valFreq: 3,
  evaluationEpisodes: 2,
  environments: 4,
};
