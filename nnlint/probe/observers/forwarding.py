"""Calls of `forward` by name: it runs though the network was not called."""

from __future__ import annotations

import sys

from torch import nn

from nnlint.events import ForwardCalled
from nnlint.probe.observers.base import Observer
from nnlint.probe.places import called
from nnlint.probe.run import Pass

FAR = 12  # frames of hooks and of torch's own between a layer and the `forward` that calls it


class Forwarding(Observer):
    """A layer is called by the `forward` of a network that is not being called."""

    decides = ("NN511",)

    def entering(self, visit: Pass) -> None:
        frame = sys._getframe(1)
        for _ in range(FAR):
            if frame.f_back is None:
                return
            frame = frame.f_back
            code = frame.f_code
            if code.co_name == "forward" and code.co_argcount:
                break
            if self.run.places.file(code.co_filename) is not None:
                return
        else:
            return
        if any(getattr(type(each.module).forward, "__code__", None) is code for each in self.run.passes):
            return  # the usual way; the frame's variables are not touched, which would keep tensors
        network = frame.f_locals.get(code.co_varnames[0])
        if not isinstance(network, nn.Module) or network is visit.module:
            return
        if any(each.module is network for each in self.run.passes) or frame.f_back is None:
            return
        caller = self.run.places.frame(frame.f_back)
        if caller is None:
            return
        own = caller.f_code.co_varnames[:1]
        place = self.run.places.of(caller)
        text = called(place)
        if not text.endswith(".forward") or (own and caller.f_locals.get(own[0]) is network):
            return
        name = text.removesuffix(".forward")
        event = ForwardCalled(place=place, called=name, network=type(network).__name__, hooked=None)
        hooks = len(network._forward_hooks) + len(network._forward_pre_hooks)
        self.run.saw(event, f"its `forward` ran outside of a call of it; {hooks} hooks hang on it")
