"""NN409: a language model sees the token that it is to predict."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import Finding, Rule, Severity, Step, TokensScored


class UnshiftedLanguageModelLabels(Rule):
    """A language model is scored on a token that it has just read.

    ## What it does

    Follows tokens through the network, position by position, to the loss. Reports one that compares the scores at
    position t with the token at t of the same input; and where it compares them with later tokens, attention that is
    given no causal mask and recurrent layers that read in both directions.

    ## Why it fails silently

    Copying the input is easy: the loss falls quickly to almost nothing, and what looks like a very good model writes
    the same token for ever once it has to go on by itself.

    ## Example

    ```python
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self, vocab):
            super().__init__()
            self.embed = nn.Embedding(vocab, 64)
            self.lstm = nn.LSTM(64, 64, batch_first=True)
            self.out = nn.Linear(64, vocab)

        def forward(self, tokens):
            return self.out(self.lstm(self.embed(tokens))[0])

    def run(model, texts):
        for tokens in texts:
            scores = model(tokens)
            nn.functional.cross_entropy(scores.flatten(0, 1), tokens.flatten()).backward()

    run(Model(50), torch.load("texts.pt"))
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self, vocab):
            super().__init__()
            self.embed = nn.Embedding(vocab, 64)
            self.lstm = nn.LSTM(64, 64, batch_first=True)
            self.out = nn.Linear(64, vocab)

        def forward(self, tokens):
            return self.out(self.lstm(self.embed(tokens))[0])

    def run(model, texts):
        for tokens in texts:
            scores = model(tokens[:, :-1])
            nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten()).backward()

    run(Model(50), torch.load("texts.pt"))
    ```

    ## Fix safety

    There is no automatic fix. Scores of `tokens[:, :-1]` against `tokens[:, 1:]`, or `is_causal=True` with a
    mask, is what was meant; the loss rises to where it belongs.

    ## Quiet when

    - the model shifts inside (the causal models of Transformers take `labels=input_ids`),
    - it is no autoregressive model: masked tokens, encoders, taggers, autoencoders, cross-attention, prefix LMs,
    - the targets are no tokens of the input.

    ## References

    - [GPT-2 in Transformers: labels are shifted inside](https://huggingface.co/docs/transformers/model_doc/gpt2)
    - [Vaswani et al., Attention Is All You Need, section 3.2.3](https://arxiv.org/abs/1706.03762)
    """

    code, name, severity = "NN409", "unshifted-language-model-labels", Severity.ERROR
    watches = TokensScored
    words = ("cross_entropy", "CrossEntropyLoss", "NLLLoss", "nll_loss")
    recipe = True

    def check(self, event: TokensScored) -> Iterator[Finding]:
        read = Step(event.read, "the network reads the tokens here")
        if event.ahead == 0:
            yield self.finding(
                event,
                f"`{event.call}` compares the scores at each position with the token that the network read there",
                trail=(read,),
                advice="give the network `tokens[:, :-1]`, and compare its scores with `tokens[:, 1:]`",
            )
        if event.ahead <= 0:
            return
        for call, place in event.peeks:
            yield self.finding(
                event,
                f"`{call}` lets each position see the tokens behind it, which `{event.call}` takes for targets",
                place=place,
                trail=(read, Step(event.place, "the scores are compared with the next tokens here")),
                advice="give attention a causal mask, and let a recurrent layer read in one direction",
            )
